package inventory

import (
	"net/url"
	"strings"
)

// A CPE names a product, as the Common Platform Enumeration does (NIST IR
// 7695, 7696). An empty field stands for any.
type CPE struct {
	Part                             string // a: application, o: operating system, h: hardware
	Vendor, Product, Version, Update string
}

// maxCPE bounds the text of a CPE, in bytes.
const maxCPE = 512

// notApplicable is the value of a field that a product does not have.
const notApplicable = "-"

// ParseCPE reads a name in the form of version 2.3
// (cpe:2.3:a:openbsd:openssh:7.4:p1:*:*:*:*:*:*) or in that of 2.2, a URI
// (cpe:/a:openbsd:openssh:7.4p1).
func ParseCPE(text string) (c CPE, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxCPE {
		return c, false
	}
	var fields []string
	if rest, isURI := cutPrefixFold(text, "cpe:/"); isURI {
		for _, f := range strings.Split(rest, ":") {
			if plain, err := url.PathUnescape(f); err == nil {
				f = plain
			}
			if i := strings.IndexByte(f, '~'); i >= 0 {
				f = f[:i] // packed fields of version 2.3
			}
			fields = append(fields, strings.ToLower(f))
		}
	} else if rest, isString := cutPrefixFold(text, "cpe:2.3:"); isString {
		for _, f := range splitUnescaped(rest) {
			f = strings.ToLower(f)
			if f == "*" {
				f = ""
			}
			fields = append(fields, strings.ReplaceAll(f, `\`, ""))
		}
	} else {
		return c, false
	}
	for i, to := range []*string{&c.Part, &c.Vendor, &c.Product, &c.Version, &c.Update} {
		if i < len(fields) {
			*to = fields[i]
		}
	}
	switch c.Part {
	case "a", "o", "h":
		return c, c.Vendor != "" && c.Product != ""
	}
	return c, false
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// splitUnescaped cuts at colons that no backslash precedes.
func splitUnescaped(s string) []string {
	var fields []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ':':
			fields = append(fields, s[from:i])
			from = i + 1
		}
	}
	return append(fields, s[from:])
}

// String writes the name in the form of version 2.3.
func (c CPE) String() string {
	var b strings.Builder
	b.WriteString("cpe:2.3")
	for _, f := range []string{c.Part, c.Vendor, c.Product, c.Version, c.Update} {
		b.WriteByte(':')
		switch f {
		case "":
			b.WriteByte('*')
		case notApplicable:
			b.WriteByte('-')
		default:
			for i := range len(f) {
				switch ch := f[i]; {
				case ch-'a' < 26, ch-'0' <= 9, ch == '_', ch == '-', ch == '.', ch >= 0x80:
				default:
					b.WriteByte('\\')
				}
				b.WriteByte(f[i])
			}
		}
	}
	b.WriteString(":*:*:*:*:*:*")
	return b.String()
}

// key is what products are found by.
func (c *CPE) key() string { return c.Part + ":" + c.Vendor + ":" + c.Product }

// aliases are the names under which the NVD lists products that scanners call
// otherwise: companies are bought, and projects move.
var aliases = map[string][]string{
	"a:igor_sysoev:nginx":                       {"a:f5:nginx", "a:nginx:nginx"},
	"a:nginx:nginx":                             {"a:f5:nginx"},
	"a:mysql:mysql":                             {"a:oracle:mysql"},
	"a:sun:mysql":                               {"a:oracle:mysql"},
	"a:mariadb:mariadb":                         {"a:mariadb_foundation:mariadb"},
	"a:redislabs:redis":                         {"a:redis:redis"},
	"a:redis:redis":                             {"a:redislabs:redis"},
	"a:matt_johnston:dropbear_ssh_server":       {"a:dropbear_ssh_project:dropbear_ssh"},
	"a:vsftpd:vsftpd":                           {"a:vsftpd_project:vsftpd", "a:beasts:vsftpd"},
	"a:microsoft:iis":                           {"a:microsoft:internet_information_services", "a:microsoft:internet_information_server"},
	"a:elasticsearch:elasticsearch":             {"a:elastic:elasticsearch"},
	"a:elastic:elasticsearch":                   {"a:elasticsearch:elasticsearch"},
	"a:squid-cache:squid":                       {"a:squid:squid"},
	"a:apache:coyote_http_connector":            {"a:apache:tomcat"},
	"a:thekelleys:dnsmasq":                      {"a:dnsmasq:dnsmasq"},
	"a:oracle:jre":                              {"a:sun:jre"},
	"a:jenkins-ci:jenkins":                      {"a:jenkins:jenkins", "a:cloudbees:jenkins"},
	"a:realvnc:realvnc":                         {"a:realvnc:vnc"},
	"a:cloudbees:jenkins":                       {"a:jenkins:jenkins"},
	"a:postgresql:postgresql":                   {"a:postgresql:postgresql_server"},
	"a:microsoft:exchange":                      {"a:microsoft:exchange_server"},
	"a:isc:dhcpd":                               {"a:isc:dhcp"},
	"a:mikrotik:routeros":                       {"o:mikrotik:routeros"},
	"a:vmware:esxi":                             {"o:vmware:esxi"},
	"a:zookeeper:zookeeper":                     {"a:apache:zookeeper"},
	"a:rabbitmq:rabbitmq":                       {"a:pivotal_software:rabbitmq", "a:vmware:rabbitmq"},
	"a:eclipse:mosquitto":                       {"a:mosquitto:mosquitto"},
	"a:mortbay:jetty":                           {"a:eclipse:jetty"},
	"a:lighttpd:lighttpd":                       {"a:lighttpd_project:lighttpd"},
	"a:proftpd:proftpd":                         {"a:proftpd_project:proftpd"},
	"a:pureftpd:pure-ftpd":                      {"a:pureftpd:pure-ftpd_server"},
	"a:university_of_washington:imap_toolkit":   {"a:uw-imap_project:uw-imap"},
	"a:microsoft:windows_remote_desktop_server": {"a:microsoft:remote_desktop"},
}

// products are the names of those that scanners name without a CPE, as they
// write them, in lower case.
var products = map[string]string{
	"openssh": "a:openbsd:openssh", "dropbear": "a:matt_johnston:dropbear_ssh_server", "nginx": "a:igor_sysoev:nginx",
	"apache": "a:apache:http_server", "apache httpd": "a:apache:http_server", "apache http server": "a:apache:http_server",
	"apache tomcat": "a:apache:tomcat", "tomcat": "a:apache:tomcat", "microsoft-iis": "a:microsoft:iis", "iis": "a:microsoft:iis",
	"microsoft iis httpd": "a:microsoft:iis", "lighttpd": "a:lighttpd:lighttpd", "php": "a:php:php", "openssl": "a:openssl:openssl",
	"vsftpd": "a:vsftpd:vsftpd", "proftpd": "a:proftpd:proftpd", "pure-ftpd": "a:pureftpd:pure-ftpd", "exim": "a:exim:exim",
	"postfix": "a:postfix:postfix", "dovecot": "a:dovecot:dovecot", "mysql": "a:mysql:mysql", "mariadb": "a:mariadb:mariadb",
	"postgresql": "a:postgresql:postgresql", "redis": "a:redis:redis", "elasticsearch": "a:elastic:elasticsearch",
	"mongodb": "a:mongodb:mongodb", "memcached": "a:memcached:memcached", "samba": "a:samba:samba", "bind": "a:isc:bind",
	"isc bind": "a:isc:bind", "unbound": "a:nlnetlabs:unbound", "dnsmasq": "a:thekelleys:dnsmasq", "jetty": "a:eclipse:jetty",
	"haproxy": "a:haproxy:haproxy", "squid": "a:squid-cache:squid", "wordpress": "a:wordpress:wordpress", "drupal": "a:drupal:drupal",
	"joomla": "a:joomla:joomla\\!", "jenkins": "a:jenkins:jenkins", "grafana": "a:grafana:grafana", "kibana": "a:elastic:kibana",
	"gitlab": "a:gitlab:gitlab", "rabbitmq": "a:rabbitmq:rabbitmq", "mosquitto": "a:eclipse:mosquitto",
}

// productCPE names a product of a version by the words of a scanner.
func productCPE(product, version string) (CPE, bool) {
	key, ok := products[strings.ToLower(strings.TrimSpace(product))]
	if !ok {
		return CPE{}, false
	}
	f := strings.SplitN(strings.ReplaceAll(key, `\`, ""), ":", 3)
	return CPE{Part: f[0], Vendor: f[1], Product: f[2], Version: strings.ToLower(version)}, true
}
