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
	PlaceOrder         Operation = "place_order"
	PlaceOperatorOrder Operation = "place_operator_order" // supplement, recovery, compensation, transfer_in
	PayOrder           Operation = "pay_order"
	CancelOrder        Operation = "cancel_order"
	VoidOrder          Operation = "void_order"
	ApproveOrder       Operation = "approve_order" // or reject it
	RefundOrder        Operation = "refund_order"
	ReportFulfilment   Operation = "report_fulfilment"
	ManageResource     Operation = "manage_resource" // close it, or say how it is renewed
	ReportUsage        Operation = "report_usage"
	TopUp              Operation = "top_up"
	Withdraw           Operation = "withdraw"
	GrantFunds         Operation = "grant_funds"  // gift money and vouchers
	FreezeFunds        Operation = "freeze_funds" // or release them
	ClosePeriod        Operation = "close_period"
	ChangeSettings     Operation = "change_settings"
	SetTerms           Operation = "set_terms"   // credit, proration and the like, within the settings
	ActOnTime          Operation = "act_on_time" // what timers do: expire, settle, renew, lapse
	Import             Operation = "import"      // say that a command happened in the past
	Read               Operation = "read"
	ManageKeys         Operation = "manage_keys"
	ManageServices     Operation = "manage_services" // see them, and send again what could not be read of them
	ManageWebhooks     Operation = "manage_webhooks"
	ReadMetrics        Operation = "read_metrics"
	VerifyLedger       Operation = "verify_ledger" // it reads everything, and its findings tell of all organisations
)

// allowed says which roles may do what. What is not here is refused.
var allowed = map[Operation][]Role{
	PlaceOrder:         {Platform, OrgAdmin, ProjectAdmin, Service},
	PlaceOperatorOrder: {Platform},
	PayOrder:           {Platform, OrgAdmin, ProjectAdmin, Finance, Service},
	CancelOrder:        {Platform, OrgAdmin, ProjectAdmin, Finance, Service},
	VoidOrder:          {Platform},
	ApproveOrder:       {Platform, OrgAdmin, Approver},
	RefundOrder:        {Platform, OrgAdmin, Finance},
	ReportFulfilment:   {Platform, Service},
	ManageResource:     {Platform, OrgAdmin, ProjectAdmin, Service},
	ReportUsage:        {Platform, Service},
	TopUp:              {Platform, Finance},
	Withdraw:           {Platform, Finance},
	GrantFunds:         {Platform, Finance},
	FreezeFunds:        {Platform, Finance},
	ClosePeriod:        {Platform, Finance},
	ChangeSettings:     {Platform, OrgAdmin},
	SetTerms:           {Platform},
	ActOnTime:          {Platform},
	Import:             {Platform},
	Read:               {Platform, OrgAdmin, ProjectAdmin, Finance, Approver, Viewer, Service},
	ManageKeys:         {Platform, OrgAdmin},
	ManageServices:     {Platform},
	ManageWebhooks:     {Platform, OrgAdmin},
	ReadMetrics:        {Platform},
	VerifyLedger:       {Platform},
}

// May says whether the role allows the operation.
func (r Role) May(o Operation) bool { return slices.Contains(allowed[o], r) }

// Who lists the roles that allow the operation.
func Who(o Operation) []Role { return slices.Clone(allowed[o]) }
