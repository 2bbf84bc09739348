package sandbox

// system returns the paths that every program may read: software, its settings and
// certificates, but no data of users, services or other processes.
func system() []string {
	return []string{
		// Programs, libraries and their data. /opt is left out: applications there
		// keep their own data in it.
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
		// The dynamic loader.
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path",
		// Time, language and names.
		"/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
		"/etc/hosts", "/etc/resolv.conf", "/etc/services", "/etc/protocols", "/etc/mime.types",
		// Certificates, without the private keys in the folders beside them.
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates",
		"/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/cacert.pem", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust", "/etc/crypto-policies",
		// Settings of software that plugins run.
		"/etc/alternatives", "/etc/fonts", "/etc/alsa", "/etc/asound.conf", "/etc/magic",
		// Devices without data of users.
		"/dev/random", "/dev/urandom",
	}
}

// devices returns the devices that every program may read and write.
func devices() []string { return []string{"/dev/null", "/dev/zero", "/dev/full"} }
