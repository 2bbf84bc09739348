package egress

import "testing"

func TestTheAddressThatIsDialledIsJudged(t *testing.T) {
	name, literal, local := destination{host: "api.example"}, destination{host: "169.254.1.2"}, destination{host: "localhost", local: true}
	for _, test := range []struct {
		to      destination
		address string
		want    bool
	}{
		{name, "93.184.216.34:443", true},
		{name, "10.1.2.3:443", true}, // systems of one's own
		{name, "[2606:2800::1]:443", true},
		{name, "127.0.0.1:443", false},
		{name, "127.8.8.8:443", false},
		{name, "[::1]:443", false},
		{name, "[::ffff:127.0.0.1]:443", false},
		{name, "169.254.169.254:80", false},
		{name, "[::ffff:169.254.169.254]:80", false},
		{name, "[fe80::1%eth0]:80", false},
		{name, "0.0.0.0:80", false},
		{name, "[::]:80", false},
		{name, "no address", false},
		{literal, "169.254.1.2:80", true},
		{local, "127.0.0.1:80", true},
		{local, "[::1]:80", true},
		{local, "93.184.216.34:80", false},
	} {
		if err := test.to.check("tcp", test.address, nil); (err == nil) != test.want {
			t.Errorf("%s at %s: %v", test.to.host, test.address, err)
		}
	}
}
