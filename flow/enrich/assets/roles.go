package assets

import (
	"fmt"
	"slices"
	"strings"

	"seine/flow/near"
)

// roles are the roles that detectors know, each with the other words for it,
// written as normal writes them.
var roles = []struct {
	role  Role
	words string
}{
	{Scanner, "vulnerability-scanner vuln-scanner vulnscanner security-scanner port-scanner network-scanner scanning pentest nessus openvas qualys nmap"},
	{Resolver, "dns dns-server dns-resolver nameserver name-server recursive-resolver forwarder"},
	{Proxy, "web-proxy http-proxy forward-proxy proxy-server squid secure-web-gateway swg"},
	{Monitoring, "monitor monitoring-server nms snmp siem syslog log-server log-collector collector nagios zabbix prometheus metrics observability"},
	{Backup, "backup-server backups nas storage file-backup"},
	{DomainController, "dc ad active-directory ad-server ldap ldap-server kerberos directory directory-server"},
	{Server, "srv application-server app-server web-server webserver www database db database-server file-server fileserver"},
	{MailServer, "mail mx smtp smtp-server mailserver mail-relay mail-gateway exchange email email-server"},
	{LoadBalancer, "lb adc reverse-proxy load-balancers loadbalancer haproxy vip ingress"},
	{Gateway, "gw router firewall fw nat nat-gateway default-gateway vpn vpn-gateway edge"},
	{Printer, "print mfp multifunction-printer print-device"},
	{IoT, "camera cam ip-camera sensor smart-home smart-device smart-tv tv thermostat ot plc embedded voip-phone"},
	{Admin, "administrator administration admin-workstation paw jump-host jumphost jump-server jumpbox bastion bastion-host ansible configuration-management"},
	{Workstation, "client pc desktop laptop notebook user-device endpoint"},
}

// Roles are the roles that detectors know.
func Roles() []Role {
	var all []Role
	for _, r := range roles {
		all = append(all, r.role)
	}
	return all
}

// Words are the other words for a role that are taken for it.
func (r Role) Words() []string {
	for i := range roles {
		if roles[i].role == r {
			return strings.Fields(roles[i].words)
		}
	}
	return nil
}

// ParseRole finds the role that a word means; known is false for one that no
// detector knows, which is a role all the same.
func ParseRole(word string) (r Role, known bool) {
	n := normal(word)
	for i := range roles {
		if string(roles[i].role) == n || slices.Contains(strings.Fields(roles[i].words), n) {
			return roles[i].role, true
		}
	}
	return Role(n), false
}

// normal is a word in small letters with - between its parts.
func normal(word string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(word), func(r rune) bool {
		return r == ' ' || r == '\t' || r == '_' || r == '-' || r == '.'
	}), "-")
}

// nearest suggests the role that a word may have been meant for, as the end
// of a sentence.
func nearest(word string) string {
	best, distance := "", 1+len(word)/4
	for i := range roles {
		for _, w := range append([]string{string(roles[i].role)}, strings.Fields(roles[i].words)...) {
			if len(w) < 3 {
				continue
			}
			if d := near.Distance(word, w); d < distance || d == distance && best == "" {
				best, distance = w, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// The levels of criticality that count, from the least.
var levels = []struct{ level, words string }{
	{"low", "minor negligible"},
	{"medium", "moderate normal standard"},
	{"high", "important major"},
	{"critical", "crit very-high severe crown-jewel crown-jewels mission-critical business-critical highest"},
}

// parseLevel finds the level that a word means; known is false for another
// word, which is kept as it is.
func parseLevel(word string) (level string, known bool) {
	n := normal(word)
	for _, l := range levels {
		if l.level == n || slices.Contains(strings.Fields(l.words), n) {
			return l.level, true
		}
	}
	return word, false
}
