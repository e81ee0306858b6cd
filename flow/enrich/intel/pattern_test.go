package intel

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

func TestPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"[ipv4-addr:value = '198.51.100.60']":                                                                                         "198.51.100.60/32",
		"[ipv4-addr:value='198.51.100.60/24']":                                                                                        "198.51.100.0/24",
		"[ipv6-addr:value = '2001:db8::1' OR ipv4-addr:value = '198.51.100.1']":                                                       "2001:db8::1/128 198.51.100.1/32",
		"[ipv4-addr:value = '198.51.100.1'] OR [ipv4-addr:value = '198.51.100.2']":                                                    "198.51.100.1/32 198.51.100.2/32",
		"[ipv4-addr:value = '198.51.100.1'] AND [ipv4-addr:value = '198.51.100.2']":                                                   "not: observed-data",
		"[ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY [file:name = 'a']":                                                             "not: observed-data",
		"[ipv4-addr:value IN ('198.51.100.1', '198.51.100.2')]":                                                                       "198.51.100.1/32 198.51.100.2/32",
		"[ipv4-addr:value ISSUBSET '198.51.100.0/28']":                                                                                "198.51.100.0/28",
		"[ipv4-addr:value ISSUPERSET '198.51.100.0/28']":                                                                              "not: ipv4-addr",
		"[ipv4-addr:value != '198.51.100.1']":                                                                                         "not: ipv4-addr",
		"[ipv4-addr:value NOT = '198.51.100.1']":                                                                                      "not: ipv4-addr",
		"[network-traffic:dst_ref.value = '198.51.100.1' AND network-traffic:dst_port = 443]":                                         "198.51.100.1/32:443",
		"[network-traffic:dst_port = 443 AND network-traffic:dst_ref.value = '198.51.100.1']":                                         "198.51.100.1/32:443",
		"[network-traffic:dst_ref.value = '198.51.100.1' AND (network-traffic:dst_port = 1 OR network-traffic:dst_port = 2)]":         "198.51.100.1/32:1 198.51.100.1/32:2",
		"[network-traffic:dst_ref.value = '198.51.100.1' AND network-traffic:protocols[*] = 'udp' AND network-traffic:dst_port = 53]": "198.51.100.1/32:53/udp",
		"[network-traffic:protocols[0] = 'http' AND network-traffic:dst_ref.value = '198.51.100.1']":                                  "198.51.100.1/32",
		"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.1']":                             "198.51.100.1/32",
		"[network-traffic:dst_ref.value = 'evil.example.com']":                                                                        "not: domain-name",
		"[network-traffic:dst_port = 4444]":                                                                                           "not: network-traffic",
		"[domain-name:value = 'evil.example.com']":                                                                                    "not: domain-name",
		"[ipv4-addr:value = '198.51.100.1' AND file:name = 'x']":                                                                      "not: file",
		"[ipv4-addr:value = '198.51.100.1' OR file:name = 'x']":                                                                       "198.51.100.1/32",
		"[file:hashes.'SHA-256' = 'aa' OR file:hashes.MD5 = 'bb']":                                                                    "not: file",
		"[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']":                                           "not: network-traffic",
		"([ipv4-addr:value = '198.51.100.1'] OR [ipv4-addr:value = '198.51.100.2']) REPEATS 5 TIMES WITHIN 60 SECONDS":                "198.51.100.1/32 198.51.100.2/32",
		"[ipv4-addr:value = '198.51.100.1'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'":                               "198.51.100.1/32",
		`[file:name = 'it\'s' OR ipv4-addr:value = '198.51.100.1']`:                                                                   "198.51.100.1/32",
		"[ipv4-addr:value = '198.51.100.1'":                                                                                           "error",
		"[ipv4-addr:value = 'x y']":                                                                                                   "error",
		"[ipv4-addr:value = '198.51.100.1]":                                                                                           "error",
		"ipv4-addr:value = '198.51.100.1'":                                                                                            "error",
		"[ipv4-addr:value = '198.51.100.1'] x":                                                                                        "error",
		"":                                                                                                                            "error",
		strings.Repeat("(", 100) + "[a:b = 1]":                                                                                        "error",
	} {
		ends, other, err := parsePattern(text)
		var got []string
		for _, e := range ends {
			s := e.prefix.String()
			if e.port != 0 {
				s += fmt.Sprintf(":%d", e.port)
			}
			if e.proto != 0 && e.proto != flow.ProtoUnknown {
				s += "/" + e.proto.String()
			}
			got = append(got, s)
		}
		if len(ends) == 0 {
			got = []string{"not: " + other}
		}
		if err != nil {
			got = []string{"error"}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q (%v), want %q", text, got, err, want)
		}
	}
}
