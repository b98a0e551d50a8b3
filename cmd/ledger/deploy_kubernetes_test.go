package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orderledger/internal/testkit"
)

// manifests are all objects of deploy/kubernetes by kind and name, the example's secrets among them.
func manifests(t *testing.T) map[string]object {
	t.Helper()
	dir := filepath.Join("deploy", "kubernetes")
	kustomization := yamlFile(t, dir, "kustomization.yaml")[0]
	listed := texts(kustomization.list("resources"))
	files, err := os.ReadDir(filepath.Join(testkit.Root(t), dir))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]object{}
	for _, f := range files {
		if f.Name() == "kustomization.yaml" {
			continue
		}
		if example := strings.HasSuffix(f.Name(), ".example.yaml"); slices.Contains(listed, f.Name()) == example {
			t.Errorf("%s is among the resources: %v", f.Name(), example)
		}
		for _, o := range yamlFile(t, dir, f.Name()) {
			id := o.text("kind") + " " + text(o.at("metadata", "name"))
			if all[id] != nil || o.text("apiVersion") == "" {
				t.Errorf("%s is there twice, or has no version", id)
			}
			all[id] = o
		}
	}
	if len(listed) != len(files)-2 {
		t.Errorf("%d files are listed of %d", len(listed), len(files))
	}
	for _, image := range kustomization.list("images") {
		i := image.(object)
		checkImage(t, i.text("newName")+":"+i.text("newTag"))
	}
	return all
}

// pods are the pods' specifications and labels, by the object that makes them.
func pods(all map[string]object) map[string]object {
	found := map[string]object{}
	for id, o := range all {
		if template := o.object("spec", "template"); template != nil {
			found[id] = template
		}
	}
	return found
}

// TestKubernetes holds the manifests against the program and against each other. Whether a cluster takes them is not
// tested here.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	for id, pod := range pods(all) {
		spec := pod.object("spec")
		if spec.at("securityContext", "runAsNonRoot") != true || spec.at("securityContext", "seccompProfile", "type") != "RuntimeDefault" ||
			spec["automountServiceAccountToken"] != false {
			t.Errorf("%s may more than it needs", id)
		}
		for _, c := range spec.list("containers") {
			checkContainer(t, all, id, c.(object))
		}
	}
	for id, o := range all {
		switch o.text("kind") {
		case "Service":
			pod := selected(all, o.object("spec", "selector"))
			for _, p := range o.list("spec", "ports") {
				if !hasPort(pod, p.(object)["targetPort"]) {
					t.Errorf("%s leads to the port %v, which its pods don't have", id, p)
				}
			}
		case "PodDisruptionBudget":
			if selected(all, o.object("spec", "selector", "matchLabels")) == nil {
				t.Errorf("%s is of no pods", id)
			}
		case "NetworkPolicy":
			pod := selected(all, o.object("spec", "podSelector", "matchLabels"))
			for _, rule := range o.list("spec", "ingress") {
				for _, p := range rule.(object).list("ports") {
					if !hasPort(pod, p.(object)["port"]) {
						t.Errorf("%s lets in to %v, which its pods don't have", id, p)
					}
				}
			}
		case "Deployment", "StatefulSet":
			for name, value := range o.object("spec", "selector", "matchLabels") {
				if o.at("spec", "template", "metadata", "labels", name) != value {
					t.Errorf("%s doesn't select its own pods", id)
				}
			}
		}
	}
	checkRelease(t, all)
}

// checkContainer wants a container to have what it names, and no rights that it doesn't need.
func checkContainer(t *testing.T, all map[string]object, id string, c object) {
	t.Helper()
	rights := c.object("securityContext")
	if rights["allowPrivilegeEscalation"] != false || rights["readOnlyRootFilesystem"] != true || !slices.Equal(texts(rights.list("capabilities", "drop")), []string{"ALL"}) {
		t.Errorf("%s: the container may more than it needs", id)
	}
	if c.at("resources", "requests", "memory") == nil || c.at("resources", "limits", "memory") == nil {
		t.Errorf("%s: the container has no bounds", id)
	}
	if image := c.text("image"); image == "ledger" { // the kustomization has its version
		checkCommand(t, texts(c.list("args")))
		for _, from := range c.list("envFrom") {
			for kind, key := range map[string]string{"ConfigMap": "configMapRef", "Secret": "secretRef"} {
				if ref := from.(object).object(key); ref != nil {
					o := all[kind+" "+ref.text("name")]
					if o == nil {
						t.Errorf("%s: there is no %s %s", id, kind, ref.text("name"))
					}
					checkEnvironment(t, id, o.object("data"))
					checkEnvironment(t, id, o.object("stringData"))
				}
			}
		}
	} else {
		checkImage(t, image)
	}
	for _, e := range c.list("env") {
		if ref := e.(object).object("valueFrom", "secretKeyRef"); ref != nil && all["Secret "+ref.text("name")].at("stringData", ref.text("key")) == nil {
			t.Errorf("%s: there is no secret %v", id, ref)
		}
	}
	for _, probe := range []string{"readinessProbe", "livenessProbe", "startupProbe"} {
		if p := c.object(probe, "httpGet"); p != nil && !hasPort(object{"spec": object{"containers": []any{c}}}, p["port"]) {
			t.Errorf("%s: the %s asks a port that it doesn't have", id, probe)
		}
	}
}

// checkRelease wants a pod to have the time that it takes to leave, and enough servers for the replicas of the streams.
func checkRelease(t *testing.T, all map[string]object) {
	t.Helper()
	config := all["ConfigMap ledger"].object("data")
	drain, err := time.ParseDuration(config.text("LEDGER_DRAIN_DELAY"))
	if err != nil {
		t.Fatal(err)
	}
	const intakeMost = 7 * time.Second // what it has in hand is given back then
	grace, _ := all["Deployment ledger"].at("spec", "template", "spec", "terminationGracePeriodSeconds").(int)
	if need := drain + shutdownMost + intakeMost; time.Duration(grace)*time.Second < need+10*time.Second {
		t.Errorf("a pod has %d s to leave, which takes up to %s, and some time for the unforeseen", grace, need)
	}
	if servers := all["StatefulSet nats"].at("spec", "replicas"); text(servers) != config.text("LEDGER_NATS_REPLICAS") {
		t.Errorf("%v NATS servers for %s replicas", servers, config.text("LEDGER_NATS_REPLICAS"))
	}
}

// selected is the pod with such labels, nil without one.
func selected(all map[string]object, labels object) object {
	for _, pod := range pods(all) {
		matches := len(labels) > 0
		for name, value := range labels {
			matches = matches && pod.at("metadata", "labels", name) == value
		}
		if matches && pod.at("spec", "restartPolicy") == nil { // not of a job
			return pod
		}
	}
	return nil
}

// hasPort says whether a pod has a port of a name.
func hasPort(pod object, name any) bool {
	for _, c := range pod.list("spec", "containers") {
		for _, p := range c.(object).list("ports") {
			if p.(object)["name"] == name {
				return true
			}
		}
	}
	return false
}

// probePaths are what is asked of a container.
func probePaths(t *testing.T, id string) (paths []string) {
	t.Helper()
	for _, c := range manifests(t)[id].list("spec", "template", "spec", "containers") {
		for _, probe := range []string{"readinessProbe", "livenessProbe", "startupProbe"} {
			paths = append(paths, text(c.(object).at(probe, "httpGet", "path")))
		}
	}
	return paths
}
