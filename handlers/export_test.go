package handlers

// Route is a route as tests see it.
type Route struct {
	Method, Path, Needs string
	Command             bool
}

// Routes lists the router's routes.
func (s *Server) Routes() []Route {
	all := make([]Route, len(s.routes))
	for i, rt := range s.routes {
		all[i] = Route{rt.method, rt.path, string(rt.needs), rt.command}
	}
	return all
}

// Hold lowers what a rehearsal may hold, before its first command.
func (e *Executor) Hold(bytes int) { e.most = bytes }
