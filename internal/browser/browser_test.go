package browser_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"orderledger/internal/browser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site serves pages by their path; a page is what stands in its body.
func site(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.Path]
		switch {
		case r.URL.Path == "/favicon.ico":
			return
		case !ok:
			http.NotFound(w, r)
			return
		case strings.HasSuffix(r.URL.Path, ".js"):
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, body)
			return
		case strings.HasSuffix(r.URL.Path, ".csv"):
			w.Header().Set("Content-Disposition", `attachment; filename="list.csv"`)
			fmt.Fprint(w, body)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if name := r.FormValue("who"); name != "" {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: name, Path: "/"})
			body = strings.ReplaceAll(body, "WHO", name)
		}
		if c, err := r.Cookie("who"); err == nil {
			body = strings.ReplaceAll(body, "WHO", c.Value)
		}
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,"></head><body><main>%s</main></body></html>`, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAPageIsUsedAsPeopleUseIt(t *testing.T) {
	t.Parallel()
	url := site(t, map[string]string{
		"/": `<h1>Hello WHO</h1><a href="/form?a=1">Go on</a> <a href="/list.csv">Get the list</a>`,
		"/form": `<h1>Form</h1><form method="post" action="/"><label for="w">Who</label><input id="w" name="who" value="nobody">
<label>When <input type="date" name="at"></label><label>Kind <select name="kind"><option value="a">First<option value="b">Second</select></label>
<label><input type="checkbox" name="sure"> Sure</label><button disabled>Not yet</button><button>Send</button></form>`,
		"/list.csv": "a,b\n",
	})
	p := browser.Open(t, url)
	if status := p.Go("/"); status != 200 {
		t.Fatal(status)
	}
	if status := p.Follow("Go on"); status != 200 || p.Path() != "/form?a=1" || p.Query("a") != "1" {
		t.Fatal(status, p.Path())
	}
	p.Fill("Who", "雪 & co")
	p.Fill("When", "2025-11-04")
	p.Fill("Kind", "Second")
	p.Fill("Sure", "on")
	if got := p.Value("Who") + p.Value("at") + p.Value("Kind"); got != "雪 & co2025-11-04b" || !browser.Eval[bool](p, "document.querySelector('[name=sure]').checked") {
		t.Error(got)
	}
	p.Fill("Who", "")
	p.Fill("Who", "Ada")
	p.Follow("Send")
	p.Has("Hello Ada")
	p.Lacks("Form")
	if h := p.Text("h1"); h != "Hello Ada" || p.Count("a") != 2 {
		t.Error(h, p.Texts("a"))
	}
	if name, text := p.Download("Get the list"); name != "list.csv" || string(text) != "a,b\n" {
		t.Errorf("%s %q", name, text)
	}
	other := p.Tab()
	other.Go("/")
	other.Has("Hello Ada")
	stranger := browser.Open(t, url)
	stranger.Go("/")
	stranger.Has("Hello WHO")
	p.Back()
	p.Has("Form")
	if status := p.Go("/nowhere"); status != 404 {
		t.Error(status)
	}
}

func TestWhatIsWrongInAPageIsSeen(t *testing.T) {
	t.Parallel()
	p := browser.Open(t, site(t, map[string]string{
		"/":        `<h1>A page</h1><script>document.title = "no"</script><script src="/throws.js"></script><script src="/gone.js"></script><p id="done">no</p><script src="/last.js"></script>`,
		"/last.js": `document.getElementById("done").textContent = "yes"`, "/throws.js": `throw new Error("a mistake")`,
	}))
	p.Go("/")
	p.Has("yes")
	wrong := strings.Join(p.Wrong(), "\n")
	for _, text := range []string{"Content Security Policy", "a mistake", "404"} {
		if !strings.Contains(wrong, text) {
			t.Errorf("%q is not among what was wrong:\n%s", text, wrong)
		}
	}
	p.Scripts(false)
	p.Reload()
	if p.Text("#done") != "no" {
		t.Error("scripts ran, though they are off")
	}
	p.Wrong() // a policy that nothing heeds is still told
}

func TestAPageIsAudited(t *testing.T) {
	t.Parallel()
	p := browser.Open(t, site(t, map[string]string{
		"/good": `<h1>Fine</h1><label>Name <input name="n"></label>`,
		"/bad":  `<h1>Poor</h1><h1>Again</h1><input name="n"><img src="data:,"><pre>` + strings.Repeat("wide ", 400) + `</pre>`,
	}))
	p.Go("/good")
	p.Audit()
	p.Fits()
	p.Go("/bad")
	p.Size(390, 800)
	said := &notes{TB: t}
	p.TB = said
	p.Audit()
	p.Fits()
	p.TB = t
	all := strings.Join(said.errors, "\n")
	for _, text := range []string{"(label,", "(image-alt,", "2 headings", "scrolls sideways"} {
		if !strings.Contains(all, text) {
			t.Errorf("%q was not found:\n%s", text, all)
		}
	}
	picture, err := png.Decode(bytes.NewReader(p.Picture(false)))
	if err != nil || picture.Bounds().Dx() != 390 {
		t.Errorf("%v, %v", picture.Bounds(), err)
	}
}

// notes keeps what a test would have failed with.
type notes struct {
	testing.TB
	errors []string
}

func (n *notes) Error(args ...any)            { n.errors = append(n.errors, fmt.Sprint(args...)) }
func (n *notes) Errorf(f string, args ...any) { n.errors = append(n.errors, fmt.Sprintf(f, args...)) }
