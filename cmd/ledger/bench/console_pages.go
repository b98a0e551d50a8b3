package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// visitor is somebody who signed in to the console.
type visitor struct {
	at      string
	session *http.Cookie
}

// pageClient does not follow redirects, and unpacks nothing by itself.
var pageClient = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (v *visitor) signIn(ctx context.Context, key string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.at+"/signin", strings.NewReader(url.Values{"key": {key}}.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := pageClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// The jar of net/http keeps no secure cookie of a plain connection; browsers do on the loopback.
	for _, c := range answer.Cookies() {
		if c.Value != "" {
			v.session = c
			return nil
		}
	}
	return fmt.Errorf("signing in answers %s and no session", answer.Status)
}

// get asks for a page, and says how long it took and how large it is as it was sent.
func (v *visitor) get(ctx context.Context, path, encoding string) (body []byte, took time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.at+path, nil)
	if err != nil {
		return nil, 0, err
	}
	r.AddCookie(v.session)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	began := time.Now()
	answer, err := pageClient.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	took = time.Since(began)
	if err == nil && answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusSeeOther { // what is found alone is gone to
		err = fmt.Errorf("%s answers %s", path, answer.Status)
	}
	return body, took, err
}

// find gives the first text of a page that a pattern's group matches.
func (v *visitor) find(ctx context.Context, path string, pattern *regexp.Regexp) (string, error) {
	body, _, err := v.get(ctx, path, "")
	if err != nil {
		return "", err
	}
	found := pattern.FindSubmatch(body)
	if found == nil {
		return "", fmt.Errorf("%s has nothing like %s", path, pattern)
	}
	return string(found[1]), nil
}

var (
	anOrder = regexp.MustCompile(`href="/orders/([0-9a-f]{8}-[0-9a-f-]{27})`)
	anAsset = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+\.(?:css|js)[^"]*)"`)
)

// visit asks for every page again and again.
func (b *bed) visit(ctx context.Context, v *visitor, who string) error {
	unpaid, err := v.find(ctx, "/orders?status=unpaid", anOrder)
	if err != nil {
		return err
	}
	done, err := v.find(ctx, "/orders?status=completed&range=all", anOrder)
	if err != nil {
		return err
	}
	var slowest float64
	var refused []error
	for _, path := range pagesOf(unpaid, done, who == everybody) {
		all, err := b.ask(ctx, v, path)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		name := strings.NewReplacer(unpaid, "UNPAID", done, "COMPLETED").Replace(path)
		b.report(fmt.Sprintf("%s: %s: p50", who, name), all.at(0.5), "ms", 0)
		p99 := all.at(0.99)
		b.report(fmt.Sprintf("%s: %s: p99", who, name), p99, "ms", pageWithin)
		slowest = max(slowest, p99)
	}
	b.report(who+": the slowest page: p99", slowest, "ms", pageWithin)
	if err := b.weigh(ctx, v, who); err != nil {
		return err
	}
	return errors.Join(refused...)
}

// ask asks for a page, and throws the first answers away: they fill caches.
func (b *bed) ask(ctx context.Context, v *visitor, path string) (all latencies, err error) {
	for i := range b.Turns + 3 {
		_, took, err := v.get(ctx, path, "gzip")
		if err != nil {
			return nil, err
		}
		if i >= 3 {
			all = append(all, took)
		}
	}
	return all, nil
}

// weigh reports how much of the first page goes over the wire, with its styles and scripts.
func (b *bed) weigh(ctx context.Context, v *visitor, who string) error {
	page, _, err := v.get(ctx, "/", "")
	if err != nil {
		return err
	}
	paths := []string{"/"}
	for _, m := range anAsset.FindAllSubmatch(page, -1) {
		if path := strings.ReplaceAll(string(m[1]), "&amp;", "&"); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	var sum int
	for _, path := range paths {
		body, _, err := v.get(ctx, path, "gzip")
		if err != nil {
			return err
		}
		sum += len(body)
	}
	b.report(fmt.Sprintf("%s: the first page with %d styles and scripts, compressed", who, len(paths)-1), float64(sum)/1024, "KB", pageBytes)
	return nil
}

const everybody = "all organisations"

// pagesOf are the pages that are looked at, with filters that match much, little and nothing.
func pagesOf(unpaid, done string, all bool) []string {
	of := "?"
	if all {
		of = "?org_id=org-1&" // an account is one organisation's
	}
	now := time.Now()
	month, before := now.Format("2006-01"), now.AddDate(0, -2, 0).Format("2006-01")
	return []string{
		"/", "/orders", "/orders?status=unpaid", "/orders?range=all", "/orders?range=90d&status=completed", "/orders?range=all&sort=-payable_amount",
		"/orders?sort=pay_before&status=unpaid&range=all", "/orders?range=all&product=product-3", "/orders?range=all&product=none", "/orders?range=all&region=region-1",
		"/orders?range=all&tag=team%3Dteam-3", "/orders?range=all&tag=team%3Dnone", "/orders?range=all&resource_name=train-7", "/orders?range=all&min_amount=900",
		"/orders?range=all&trade_no=T-30", "/orders?range=30d&hide_zero=true&charge_group=prepay", "/orders?range=all&consumer_id=user-13",
		"/orders/" + done, "/orders/" + unpaid, "/orders/" + unpaid + "/pay", "/orders/" + unpaid + "/cancel", "/orders/" + done + "/refund",
		"/resources", "/bills", "/bills/" + month, "/bills/" + before, "/bills/" + before + "?group_by=consumer",
		"/bills/" + before + "?group_by=tag:team", "/bills/" + before + "/lines", "/bills/" + before + "/lines?product=product-3",
		"/account", "/account" + of, "/account/entries" + of, "/account/entries" + of + "type=top_up", "/account/entries" + of + "order_id=" + done, "/account/vouchers" + of, "/ledger", "/ledger/events",
		"/find?q=" + done, "/find?q=T-30", "/find?q=nothing",
	}
}
