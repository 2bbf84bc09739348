// Package checkup checks what runs need of a machine and of a campaign, without
// sending anything. The machine and the campaign's planner are passed to it.
package checkup
