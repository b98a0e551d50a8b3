package domain

import "strings"

// The kinds of streams.
const (
	KindOrder   = "order"
	KindAccount = "account"
	KindOrg     = "org"
	// KindResource streams are named by organisation and resource id, as resource ids are the organisation's own.
	KindResource = "resource"
)

// Ref names a stream: the history of one order, of one resource, of one organisation's account, or of its settings.
type Ref struct {
	Kind string
	ID   string
}

// OrderRef, AccountRef and OrgRef name the streams of an order and of an organisation.
func OrderRef(orderID string) Ref { return Ref{KindOrder, orderID} }

// AccountRef names the stream of an organisation's account.
func AccountRef(orgID string) Ref { return Ref{KindAccount, orgID} }

// OrgRef names the stream of an organisation's settings.
func OrgRef(orgID string) Ref { return Ref{KindOrg, orgID} }

// ResourceRef names the stream of a resource. Organisation ids have no slash.
func ResourceRef(orgID, resourceID string) Ref { return Ref{KindResource, orgID + "/" + resourceID} }

// String is the name that the log stores: the kind, a hyphen, the id.
func (r Ref) String() string { return r.Kind + "-" + r.ID }

// ParseRef reads a stored stream name.
func ParseRef(stream string) (Ref, bool) {
	kind, id, ok := strings.Cut(stream, "-")
	return Ref{kind, id}, ok && id != ""
}

func cutResource(id string) (orgID, resourceID string, ok bool) { return strings.Cut(id, "/") }

// ResourceOf takes the id of a resource's stream apart.
func (r Ref) ResourceOf() (orgID, resourceID string) {
	orgID, resourceID, _ = cutResource(r.ID)
	return orgID, resourceID
}
