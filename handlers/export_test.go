package handlers

// Route is a route as tests see it.
type Route struct {
	Method, Path, Needs string
	Command             bool
	// Parameters are the names of those of the query.
	Parameters []string
}

// Routes lists the router's routes.
func (s *Server) Routes() []Route {
	all := make([]Route, len(s.routes))
	for i, rt := range s.routes {
		all[i] = Route{Method: rt.method, Path: rt.path, Needs: string(rt.needs), Command: rt.command}
		for _, p := range rt.query {
			all[i].Parameters = append(all[i].Parameters, p.name)
		}
	}
	return all
}

// Hold lowers what a rehearsal may hold, before its first command.
func (e *Executor) Hold(bytes int) { e.most = bytes }

// ExampleOf is the body that the document shows for a route, nil for none.
func (s *Server) ExampleOf(method, path string) []byte {
	for _, rt := range s.routes {
		if rt.method == method && rt.path == path {
			return examples[rt.id]
		}
	}
	return nil
}
