// Package checkup checks what runs need of a machine and of a campaign, and judges
// how targets answered. It sends nothing itself: the machine, the campaign's planner
// and the answers are passed to it.
package checkup
