// Package migrate writes campaigns from the configurations and prompt files of other
// tools, and says of everything that it leaves out why. It copies no secret.
package migrate
