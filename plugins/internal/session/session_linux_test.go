package session_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
)

// begin starts a shell that leads a session, and reads the numbers that it
// prints first.
func begin(t *testing.T, script string) (cmd *exec.Cmd, printed []int) {
	t.Helper()
	cmd = exec.Command("sh", "-c", script)
	session.Lead(cmd)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	for field := range strings.FieldsSeq(line) {
		var n int
		if _, err := fmt.Sscan(field, &n); err != nil {
			t.Fatal(err)
		}
		printed = append(printed, n)
	}
	return cmd, printed
}

func TestASessionIsKilledWithItsLeaderWhateverGroupsThereAre(t *testing.T) {
	// In a shell with job control each job has a group of its own.
	cmd, jobs := begin(t, "set -m; sleep 300 & a=$!; sleep 300 & echo $a $!; wait")
	leader := cmd.Process.Pid
	if members := session.Members(leader); !slices.Contains(members, jobs[0]) || !slices.Contains(members, jobs[1]) || !slices.Contains(members, leader) {
		t.Errorf("members %v, want %d and %v", members, leader, jobs)
	}
	session.Kill(leader)
	if left := session.Wait(cmd); left != 0 {
		t.Errorf("%d processes are left", left)
	}
	if members := session.Members(leader); len(members) != 0 {
		t.Errorf("members %v are left", members)
	}
}

func TestWhatALeaderLeavesIsKilled(t *testing.T) {
	cmd, jobs := begin(t, "set -m; sleep 300 & echo $!; exit 7")
	if left := session.Wait(cmd); left != 0 {
		t.Errorf("%d processes are left", left)
	}
	if status := cmd.ProcessState.ExitCode(); status != 7 {
		t.Errorf("status %d, want the leader's own", status)
	}
	if members := session.Members(cmd.Process.Pid); len(members) != 0 {
		t.Errorf("members %v of %v are left", members, jobs)
	}
}
