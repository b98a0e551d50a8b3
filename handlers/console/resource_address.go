package console

import (
	"net/url"
	"strings"
)

// ResourceLink is the address of a resource's page, or of one below it. Ids of resources are their organisation's own and
// have any characters; a platform key needs org to find it among all of them.
func (v *view) ResourceLink(org, id string, below ...string) string {
	path := "/resources/" + url.PathEscape(addressed(id))
	if len(below) > 0 {
		path += "/" + strings.Join(below, "/")
	}
	if v.who.OrgID != "" {
		org = ""
	}
	if org == "" {
		return v.To(path)
	}
	return v.To(path, "org_id", org)
}

// addressed is an id as it stands in an address. Browsers take . and .. for steps in the path, however they are escaped,
// and routes take / alone for the end of one: these have a ~ before them, and so have ids that would be taken for them.
func addressed(id string) string {
	if rest := strings.TrimLeft(id, "~"); rest == "." || rest == ".." || rest == "/" {
		return "~" + id
	}
	return id
}

// resourceID is the id in the address of a resource's page.
func (v *view) resourceID() string {
	id := v.r.PathValue("resource_id")
	if rest, ok := strings.CutPrefix(id, "~"); ok && addressed(rest) == id {
		return rest
	}
	return id
}
