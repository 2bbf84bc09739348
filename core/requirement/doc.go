// Package requirement is what a campaign asks of the plugins of third parties: which,
// in which versions, and where each is installed from. The reader of campaigns and
// whoever installs plugins go by the same rules; neither needs the other.
package requirement
