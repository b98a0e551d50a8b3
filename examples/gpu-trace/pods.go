package main

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
)

// pod is one row of the trace. Times count from the trace's start.
type pod struct {
	name      string
	cpuMilli  int
	memoryMiB int
	gpus      int
	gpuMilli  int // share of one card, when gpus is 1
	qos       string
	phase     string
	created   time.Duration
	scheduled time.Duration // from then on it ran; 0 or more only where ran
	deleted   time.Duration
	ran       bool
}

// organisations by quality-of-service class.
var organisations = map[string]string{
	"LS": "org-ls", "BE": "org-be", "Burstable": "org-burstable", "Guaranteed": "org-guaranteed",
}

var phases = map[string]bool{"Running": true, "Succeeded": true, "Failed": true, "Pending": true}

// The name becomes part of a key and a resource id.
var podName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

var podColumns = []string{"name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "qos", "pod_phase", "creation_time", "deletion_time", "scheduled_time"}

// A trace is weeks long. The bound keeps every time within the range of a
// duration, and its last command in the past.
const maxSeconds = 210 * 24 * 60 * 60

// readPods reads the whole trace; the first bad row is an error that names the
// row and what is wrong with it.
func readPods(r io.Reader) ([]pod, error) {
	var pods []pod
	seen := map[string]bool{}
	err := eachRow(r, podColumns, func(field map[string]string) error {
		p, err := parsePod(field)
		if err != nil {
			return err
		}
		if seen[p.name] {
			return fmt.Errorf("name %q stands in an earlier row too", p.name)
		}
		seen[p.name] = true
		pods = append(pods, p)
		return nil
	})
	return pods, err
}

func parsePod(field map[string]string) (pod, error) {
	number := map[string]int{}
	for _, column := range []string{"cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time", "deletion_time"} {
		n, err := strconv.Atoi(field[column])
		if err != nil || n < 0 {
			return pod{}, fmt.Errorf("%s %q is not a whole number of 0 or more", column, field[column])
		}
		number[column] = n
	}
	p := pod{
		name:     field["name"],
		cpuMilli: number["cpu_milli"], memoryMiB: number["memory_mib"], gpus: number["num_gpu"], gpuMilli: number["gpu_milli"],
		qos: field["qos"], phase: field["pod_phase"],
		created: time.Duration(number["creation_time"]) * time.Second,
		deleted: time.Duration(number["deletion_time"]) * time.Second,
	}
	scheduled, err := strconv.Atoi(field["scheduled_time"])
	if p.ran = field["scheduled_time"] != ""; p.ran {
		p.scheduled = time.Duration(scheduled) * time.Second
	}
	switch {
	case !podName.MatchString(p.name):
		return pod{}, fmt.Errorf("name %q is not 1 to 100 letters, digits, dots, dashes or underscores", p.name)
	case organisations[p.qos] == "":
		return pod{}, fmt.Errorf("qos %q is none of LS, BE, Burstable, Guaranteed", p.qos)
	case !phases[p.phase]:
		return pod{}, fmt.Errorf("pod_phase %q is none of Running, Succeeded, Failed, Pending", p.phase)
	case number["deletion_time"] > maxSeconds:
		return pod{}, fmt.Errorf("deletion_time %d is more than %d days after the trace's start", number["deletion_time"], maxSeconds/86400)
	case p.deleted < p.created:
		return pod{}, fmt.Errorf("deletion_time %s is before creation_time %s", field["deletion_time"], field["creation_time"])
	case p.ran && (err != nil || p.scheduled < p.created || p.deleted < p.scheduled):
		return pod{}, fmt.Errorf("scheduled_time %q is not a whole number between creation_time %s and deletion_time %s",
			field["scheduled_time"], field["creation_time"], field["deletion_time"])
	}
	return p, nil
}
