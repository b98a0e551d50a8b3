package console

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orderledger/handlers"
	"orderledger/handlers/intake"
	"orderledger/internal/auth"
)

// Services send commands over the broker. Their pages, for the platform, show what each may do there, and the commands that
// could not be read; poison.go has those.
var servicePages = []page{
	{"GET /services", auth.ManageServices, (*view).servicesPage},
	{"GET /services/{name}", auth.ManageServices, (*view).servicePage},
	{"GET /services/poison/{number}", auth.ManageServices, (*view).poisonPage},
	{"POST /services/poison/{number}", auth.ManageServices, (*view).poisonPage},
}

const (
	// poisonShown bounds the list of commands that could not be read: each is a request to the broker.
	poisonShown = 50
	// queueTime bounds what a page asks of the broker, which may be away.
	queueTime = 3 * time.Second
)

// hasServices says whether the person has pages of services.
func (v *view) hasServices() bool { return v.c.Services != nil && v.May(auth.ManageServices) }

type servicesData struct {
	*view
	Services []auth.NamedService
	Next     *string
	// Poison are the oldest commands that could not be read, More says that there are others. Away is set where the broker
	// can't be asked.
	Poison     []intake.Poison
	More, Away bool
}

// servicesPage lists the services, of one organisation those that may work for it, and what could not be read.
func (v *view) servicesPage() error {
	if !v.hasServices() {
		return handlers.NotFound()
	}
	d := &servicesData{view: v}
	all, err := v.c.Services.List(v.r.Context(), v.Query("cursor"))
	if err != nil {
		return err
	}
	if len(all) == auth.ListMax {
		d.Next = &all[len(all)-1].Name
	}
	for _, s := range all {
		if v.AllOrgs() || s.OrgID == nil || *s.OrgID == v.org {
			d.Services = append(d.Services, s)
		}
	}
	if err := d.readPoison(); err != nil {
		return err
	}
	return v.show("services", d)
}

var errEnough = errors.New("enough")

// readPoison reads the oldest commands that could not be read. A broker that is away is no reason for a page without the
// services.
func (d *servicesData) readPoison() error {
	if d.c.Queue == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(d.r.Context(), queueTime)
	defer cancel()
	err := intake.EachPoison(ctx, d.c.Queue, "", func(p intake.Poison) error {
		if d.More = len(d.Poison) == poisonShown; d.More {
			return errEnough
		}
		d.Poison = append(d.Poison, p)
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	d.Away = err != nil
	return d.r.Context().Err()
}

// ServiceLink is the address of a service's page.
func (v *view) ServiceLink(name string) string { return v.To("/services/" + name) }

// PoisonLink is the address of a command that could not be read.
func (v *view) PoisonLink(number uint64) string { return v.To(fmt.Sprint("/services/poison/", number)) }

type serviceData struct {
	*view
	Service auth.NamedService
	// Subjects are those of its commands, Permissions what the broker's configuration has to say of its user.
	Subjects, Permissions string
}

// servicePage shows a service, and what to tell the broker of it.
func (v *view) servicePage() error {
	if !v.hasServices() {
		return handlers.NotFound()
	}
	s, err := v.c.Services.Get(v.r.Context(), v.r.PathValue("name"))
	if errors.Is(err, auth.ErrNotFound) {
		return handlers.NotFound()
	}
	if err != nil {
		return err
	}
	org := ""
	if s.OrgID != nil {
		org = *s.OrgID
	}
	return v.show("service", serviceData{v, s, intake.CommandSubjects(s.Name), intake.Permissions(s.Name, org)})
}
