package auth

import "slices"

// Role is what a key may do, within its organisation; Platform is for all organisations.
type Role string

// The roles.
const (
	Platform     Role = "platform"
	OrgAdmin     Role = "org_admin"
	ProjectAdmin Role = "project_admin"
	Finance      Role = "finance"
	Approver     Role = "approver"
	Viewer       Role = "viewer"
	Service      Role = "service"
)

// Roles lists the roles, the platform's first.
var Roles = []Role{Platform, OrgAdmin, ProjectAdmin, Finance, Approver, Viewer, Service}

// Operation is what somebody may be allowed to do.
type Operation string

// The operations.
const (
	PlaceOrder     Operation = "place_order"
	PayOrder       Operation = "pay_order"
	CancelOrder    Operation = "cancel_order"
	ExpireOrder    Operation = "expire_order"
	TopUp          Operation = "top_up"
	ChangeSettings Operation = "change_settings"
	Import         Operation = "import" // say that a command happened in the past
	Read           Operation = "read"
	ManageKeys     Operation = "manage_keys"
	ReadMetrics    Operation = "read_metrics"
)

// allowed says which roles may do what. What is not here is refused.
var allowed = map[Operation][]Role{
	PlaceOrder:     {Platform, OrgAdmin, ProjectAdmin, Service},
	PayOrder:       {Platform, OrgAdmin, ProjectAdmin, Finance, Service},
	CancelOrder:    {Platform, OrgAdmin, ProjectAdmin, Finance, Service},
	ExpireOrder:    {Platform},
	TopUp:          {Platform, Finance},
	ChangeSettings: {Platform, OrgAdmin},
	Import:         {Platform},
	Read:           {Platform, OrgAdmin, ProjectAdmin, Finance, Approver, Viewer, Service},
	ManageKeys:     {Platform, OrgAdmin},
	ReadMetrics:    {Platform},
}

// May says whether the role allows the operation.
func (r Role) May(o Operation) bool { return slices.Contains(allowed[o], r) }
