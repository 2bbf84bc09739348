package sandbox

// system is what any program may read: software, its settings and certificates,
// and nothing of what users, services or other processes keep.
func system() []string {
	return []string{
		// Programs, libraries and their data. /opt is not among them: whole
		// applications live there with what they have written.
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
		// The dynamic loader.
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path",
		// Time, language and names.
		"/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
		"/etc/hosts", "/etc/resolv.conf", "/etc/services", "/etc/protocols", "/etc/mime.types",
		// Certificates, without the private keys that lie beside them.
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates",
		"/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/cacert.pem", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust", "/etc/crypto-policies",
		// Settings of software that plugins run.
		"/etc/alternatives", "/etc/fonts", "/etc/alsa", "/etc/asound.conf", "/etc/magic",
		// Devices that hold nothing.
		"/dev/random", "/dev/urandom",
	}
}

// devices are those that anybody may write to.
func devices() []string { return []string{"/dev/null", "/dev/zero", "/dev/full"} }
