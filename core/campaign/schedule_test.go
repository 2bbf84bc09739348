package campaign_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

const scheduled = `version: 1
name: nightly
schedule: SCHEDULE
targets: {agent: realtime}
scorers: {leaked: match/substring}
attacks:
  - {name: a, target: agent, objective: x, turns: [{user: a}], scorers: [leaked]}
`

func TestACampaignHasASchedule(t *testing.T) {
	c, err := read(t, strings.Replace(scheduled, "SCHEDULE",
		`{cron: "0 22 * * fri", zone: Europe/Zurich, overlap: buffer_one, catchup_window: 30m, jitter: 5m, pause_on_failure: true}`, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Schedule
	if s.String() != "0 22 * * fri Europe/Zurich" || s.Overlap != schedule.BufferOne || s.Catchup != 30*time.Minute || s.Jitter != 5*time.Minute || !s.PauseOnFailure {
		t.Errorf("schedule %+v", s)
	}
}

func TestAScheduleLeavesOutWhatIsLate(t *testing.T) {
	c, err := read(t, strings.Replace(scheduled, "SCHEDULE", `{cron: "@daily", zone: UTC}`, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Schedule; s.Overlap != schedule.Skip || s.Catchup != 10*time.Minute || s.Jitter != 0 || s.PauseOnFailure {
		t.Errorf("defaults %+v", s)
	}
}

func TestWhatIsWrongWithAScheduleHasItsPlace(t *testing.T) {
	for written, want := range map[string]string{
		`{zone: UTC}`:                                          `c.yaml:3:11: schedule needs the key "cron"`,
		`{cron: "0 22 * * fri"}`:                               `c.yaml:3:11: schedule needs the key "zone"`,
		`{cron: "0 0 31 2 *", zone: UTC}`:                      `c.yaml:3:18: "0 0 31 2 *" is not a cron expression: no day of any year matches it (minute, hour`,
		`{cron: "61 0 * * *", zone: UTC}`:                      `c.yaml:3:18: "61 0 * * *" is not a cron expression: end of range (61) above maximum (59)`,
		`{cron: "0 0 * *", zone: UTC}`:                         `c.yaml:3:18: "0 0 * *" is not a cron expression: expected exactly 5 fields, found 4`,
		`{cron: "1,2, 0 * * *", zone: UTC}`:                    `c.yaml:3:18: "1,2, 0 * * *" is not a cron expression: the list "1,2," has an empty entry`,
		`{cron: "TZ=X 0 0 * * *", zone: UTC}`:                  `c.yaml:3:18: "TZ=X 0 0 * * *" is not a cron expression: the zone is a key of its own`,
		`{cron: "TZ=X", zone: UTC}`:                            `c.yaml:3:18: "TZ=X" is not a cron expression: the zone is a key of its own`,
		`{cron: "@every 1h", zone: UTC}`:                       `c.yaml:3:18: "@every 1h" is not a cron expression: @every has no times of day`,
		`{cron: 5, zone: UTC}`:                                 `c.yaml:3:18: cron must be a text`,
		`{cron: "@daily", zone: Europe/Zurch}`:                 `c.yaml:3:34: "Europe/Zurch" is not the name of a time zone (such as Europe/Zurich or UTC)`,
		`{cron: "@daily", zone: UTC, overlap: buffer_on}`:      `c.yaml:3:48: overlap must be one of skip, buffer_one, buffer_all, cancel_other, allow_all, not "buffer_on" (did you mean "buffer_one"?)`,
		`{cron: "@daily", zone: UTC, catchup_window: 10}`:      `c.yaml:3:55: catchup_window must be a duration from 1m0s to 168h0m0s`,
		`{cron: "@daily", zone: UTC, jitter: 25h}`:             `c.yaml:3:47: jitter must be a duration from 1s to 24h0m0s`,
		`{cron: "@daily", zone: UTC, pause_on_failure: "yes"}`: `c.yaml:3:57: pause_on_failure must be true or false`,
		`{cron: "@daily", zone: UTC, jiter: 5m}`:               `c.yaml:3:39: unknown key "jiter" (did you mean "jitter"?)`,
		"{cron: \"0 12 * * sat\", zone: UTC}\nscope: {window: {days: [sat], from: \"22:00\", to: \"06:00\", zone: UTC}}": `c.yaml:3:11: the schedule 0 12 * * sat UTC never falls into scope.window, sat 22:00-06:00 UTC (change schedule.cron, or scope.window)`,
	} {
		_, err := read(t, strings.Replace(scheduled, "SCHEDULE", written, 1), nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", written, err, want)
		}
	}
}

func TestAScheduleMayFallIntoTheWindowSeldom(t *testing.T) {
	for _, written := range []string{
		`{cron: "0 23 * * *", zone: UTC}`,
		`{cron: "0 23 29 2 *", zone: UTC}`, // on a Saturday once in 28 years
		`{cron: "0 21 * * sat", zone: UTC, jitter: 2h}`,
	} {
		text := strings.Replace(scheduled, "SCHEDULE", written, 1) + "scope: {window: {days: [sat], from: \"22:00\", to: \"06:00\", zone: UTC}}\n"
		if _, err := read(t, text, nil); err != nil {
			t.Errorf("%s: %v", written, err)
		}
	}
}
