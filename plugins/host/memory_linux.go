package host

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
)

const (
	// memoryEvery is the interval at which memory is measured.
	memoryEvery = 100 * time.Millisecond
	// membersEvery is the number of measurements after which the processes are
	// listed again, which reads all processes of the machine.
	membersEvery = 10
)

// watchMemory calls tooMuch, with a phrase that follows the plugin's name, when
// the leader of a session and its processes exceed their memory. It returns
// then, or when the session has ended.
func watchMemory(leader int, limit int64, over <-chan struct{}, tooMuch func(reason string)) {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	members := []int{leader}
	for n := 0; ; n++ {
		if n%membersEvery == 0 {
			members = session.Members(leader)
		}
		if used := resident(members); used > limit {
			tooMuch(fmt.Sprintf("used %s of memory; its limit is %s: it was killed", phrase.Bytes(uint64(used)), phrase.Bytes(uint64(limit))))
			return
		}
		select {
		case <-tick.C:
		case <-over:
			return
		}
	}
}

// resident sums up the resident memory of processes, in bytes. One that has
// ended counts 0.
func resident(pids []int) int64 {
	var pages int64
	for _, pid := range pids {
		process := "/proc/" + strconv.Itoa(pid)
		own := residentPages(process)
		if own == 0 { // its first thread may have ended; any thread has the memory of all
			threads, _ := os.ReadDir(process + "/task")
			for _, thread := range threads {
				own = max(own, residentPages(process+"/task/"+thread.Name()))
			}
		}
		pages += own
	}
	return pages * int64(os.Getpagesize())
}

// residentPages reads the second number in statm; the first is the size.
func residentPages(dir string) int64 {
	statm, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return n
}
