package console

import (
	"embed"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates are the pages by name, each with the frame and the parts that all may use.
var templates = parseTemplates()

// shared are the files that every page can use: the frame, and parts such as tables' heads and statuses.
const shared = "layout"

func parseTemplates() map[string]*template.Template {
	all := map[string]*template.Template{}
	files, _ := fs.Glob(templateFiles, "templates/*.html") // the pattern is a good one
	var parts []string
	for _, f := range files {
		if strings.HasPrefix(path.Base(f), "part_") || path.Base(f) == shared+".html" {
			parts = append(parts, f)
		}
	}
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".html")
		if strings.HasPrefix(name, "part_") || name == shared {
			continue
		}
		all[name] = template.Must(template.New(name).Funcs(functions).ParseFS(templateFiles, append(parts, f)...))
	}
	return all
}

// functions are what templates can call beside the view's methods.
var functions = template.FuncMap{
	// about makes the data of a part: the view, and what the part is about, as .X: {{template "id" (about $ .OrderID)}}.
	"about": func(page interface{ itself() *view }, x any) partData { return partData{page.itself(), x} },
	// list makes a list of its arguments.
	"list":  func(items ...any) []any { return items },
	"asset": assetPath,
}

// partData is what a part of a page is given.
type partData struct {
	*view
	X any
}

func (v *view) itself() *view { return v }
