package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"orderledger/internal/testkit"
)

// yamlFile reads the documents of a file of the repository.
func yamlFile(t *testing.T, path ...string) (all []object) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{testkit.Root(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v: %v", path, err)
		}
		all = append(all, o)
	}
}

// at goes down into a document; nil where there is nothing.
func (o object) at(path ...string) any {
	var v any = o
	for _, name := range path {
		m, _ := v.(object)
		v = m[name]
	}
	return v
}

func (o object) list(path ...string) []any { l, _ := o.at(path...).([]any); return l }

func (o object) object(path ...string) object { m, _ := o.at(path...).(object); return m }

func texts(list []any) (all []string) {
	for _, v := range list {
		all = append(all, text(v))
	}
	return all
}

// settingNames are the variables that the program reads.
func settingNames() (names []string) {
	for f := range reflect.TypeFor[settings]().Fields() {
		names = append(names, "LEDGER_"+f.Tag.Get("env"))
	}
	return names
}

// checkCommand reads a command line as the program does, without carrying it out.
func checkCommand(t *testing.T, args []string) {
	t.Helper()
	c, rest, err := newRoot().Find(args)
	if err == nil {
		if err = c.ParseFlags(rest); err == nil {
			err = c.ValidateArgs(c.Flags().Args())
		}
	}
	if err != nil || c.RunE == nil || c.HasSubCommands() {
		t.Errorf("ledger %s: %v", strings.Join(args, " "), err)
	}
}

// checkEnvironment wants every variable to be one that the program reads.
func checkEnvironment(t *testing.T, where string, env object) {
	t.Helper()
	for name := range env {
		if !slices.Contains(settingNames(), name) {
			t.Errorf("%s sets %s, which nobody reads", where, name)
		}
	}
}

// checkImage wants a version in an image's name.
func checkImage(t *testing.T, image string) {
	t.Helper()
	name, tag, _ := strings.Cut(image, ":")
	if name == "" || tag == "" || tag == "latest" {
		t.Errorf("image %q has no version", image)
	}
}

var interpolation = regexp.MustCompile(`\$\$|\$\{[A-Z_]+:-([^}]*)\}`)

// interpolated is a text of a Compose file as it is without an .env.
func interpolated(s string) string {
	return interpolation.ReplaceAllStringFunc(s, func(m string) string {
		if m == "$$" {
			return "$"
		}
		return interpolation.FindStringSubmatch(m)[1]
	})
}

// TestCompose holds docker-compose.yml against the program: commands, variables, references. Whether Docker likes it is
// not tested here.
func TestCompose(t *testing.T) {
	t.Parallel()
	file := yamlFile(t, "docker-compose.yml")[0]
	services := file.object("services")
	var ledgers, brokers int
	for name := range services {
		s := services.object(name)
		checkImage(t, s.text("image"))
		for _, volume := range texts(s.list("volumes")) {
			volume, _, _ = strings.Cut(volume, ":")
			if _, found := file.object("volumes")[volume]; !found {
				t.Errorf("%s mounts %s, which there is none of", name, volume)
			}
		}
		for other, is := range s.object("depends_on") {
			condition := is.(object).text("condition")
			if _, found := services[other]; !found || condition == "service_healthy" && services.object(other)["healthcheck"] == nil {
				t.Errorf("%s waits for %s: %s", name, other, condition)
			}
		}
		for _, port := range texts(s.list("ports")) {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is published beyond this machine: %s", name, port)
			}
		}
		if s.text("restart") != "" && s["healthcheck"] == nil {
			t.Errorf("%s is not asked how it is", name)
		}
		switch {
		case s.text("image") == "ledger:local" && s["entrypoint"] == nil:
			checkCommand(t, texts(s.list("command")))
			checkEnvironment(t, name, s.object("environment"))
			if probe := texts(s.list("healthcheck", "test")); len(probe) > 0 {
				checkCommand(t, probe[2:])
				ledgers++
			}
		case strings.HasPrefix(name, "provisioner"):
			checkProvisioner(t, texts(s.list("command")))
		case s.object("environment")["NATS_NAME"] != nil:
			brokers++
		}
	}
	if ledgers != 2 || brokers != 3 {
		t.Errorf("%d replicas on %d NATS servers", ledgers, brokers)
	}
}

// checkProvisioner looks whether the example has such flags.
func checkProvisioner(t *testing.T, args []string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(testkit.Root(t), "examples", "provisioner", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); strings.HasPrefix(name, "-") && !bytes.Contains(source, []byte(`"`+name[1:]+`"`)) {
			t.Errorf("the provisioner has no flag %s", name)
		}
	}
}
