package host

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
)

const (
	// memoryEvery is how often memory is looked at.
	memoryEvery = 100 * time.Millisecond
	// membersEvery is after how many looks the processes are listed anew, which
	// costs a look at all processes of the machine.
	membersEvery = 10
)

// watchMemory kills the plugin when it and all that it has started use more
// memory than they may. It returns when the plugin is gone.
func (p *process) watchMemory(limit int64) {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	leader := p.run.pid()
	members := []int{leader}
	for n := 0; ; n++ {
		if n%membersEvery == 0 {
			members = session.Members(leader)
		}
		if used := resident(members); used > limit {
			p.killBecause(fmt.Sprintf("used %s of memory; its limit is %s: it was killed", formatBytes(used), formatBytes(limit)))
			return
		}
		select {
		case <-tick.C:
		case <-p.run.over:
			return
		}
	}
}

// resident sums up the resident memory of processes, in bytes. One that is gone
// has none.
func resident(pids []int) int64 {
	var pages int64
	for _, pid := range pids {
		statm, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			continue
		}
		if fields := bytes.Fields(statm); len(fields) > 1 { // size and resident, in pages
			n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			pages += n
		}
	}
	return pages * int64(os.Getpagesize())
}
