package registry

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// field writes a field of a message as its bytes.
func field(n int, value string) string {
	return string([]byte{byte(n<<3 | 2), byte(len(value))}) + value
}

func sample() []byte {
	retired := field(4, "\x08\x02"+field(2, "use 0.4.2"))
	pkg := field(1, field(1, "0.4.0")+retired) + field(1, field(1, "0.4.2")) + field(1, field(1, "0.3.0")+field(4, "\x08\x03")) + field(2, "gon") + field(3, "hexpm")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, field(1, pkg)+field(2, "signature"))
	_ = z.Close()
	return b.Bytes()
}

func TestRead(t *testing.T) {
	f := &Folder{Root: fstest.MapFS{"packages/gon": {Data: sample()}, "other": {Data: sample()}, "junk": {Data: []byte("<html>")}}}
	for version, want := range map[string]string{"0.4.0": "security use 0.4.2", "0.4.2": " ", "0.3.0": "deprecated ", "9.0.0": " "} {
		reason, message, ok, err := f.Retired("gon", version)
		if got := reason + " " + message; err != nil || !ok || got != want {
			t.Errorf("%s: %q %v %v, want %q", version, got, ok, err, want)
		}
	}
	for name, want := range map[string]string{"absent": "<nil>", "other": `it is about "gon"`, "junk": "it is no file of a Hex registry", "../packages/gon": "<nil>"} {
		if _, _, ok, err := f.Retired(name, "1.0.0"); ok || fmt.Sprint(err) != want {
			t.Errorf("%s gives %v, %v, want %s", name, ok, err, want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, strings.Repeat("\x00", largest+10))
	_ = z.Close()
	if _, err := Read(b.Bytes()); fmt.Sprint(err) != "it unpacks to more than 16 MB" {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Add([]byte(field(1, field(2, "a"))))
	f.Add([]byte{0x1f, 0x8b})
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = Read(data) })
}
