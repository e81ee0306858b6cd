package intel

import (
	"bytes"
	"strings"
)

// A column is what a column of a table tells.
type column uint8

const (
	noColumn column = iota
	colAddr
	colPort
	colScore
	colCountry
	colThreat  // words from which the category follows
	colMalware // the name of the malware
	colFamily  // another name of it, taken where there is no better
	colStatus  // online, offline
	colSeen    // when it was last seen: the date of the entry
	colFirst
	colDate // of the entry, where nobody says when it was last seen
	colTags
	colKind // what the address column holds: ip:port, domain, ip-dst
	colUse  // to_ids: 0 means not for detection
	colList
	colProto
	columns
)

var columnNames = map[string]column{
	"ip": colAddr, "ip_address": colAddr, "ipaddress": colAddr, "dst_ip": colAddr, "dstip": colAddr, "src_ip": colAddr, "srcip": colAddr,
	"ioc_value": colAddr, "ioc": colAddr, "value": colAddr, "indicator": colAddr, "address": colAddr, "addr": colAddr, "cidr": colAddr,
	"network": colAddr, "netblock": colAddr, "prefix": colAddr, "ipv4": colAddr, "ip_addr": colAddr, "remote_ip": colAddr,
	"dst_port": colPort, "dstport": colPort, "port": colPort,
	"abuse_confidence_score": colScore, "abuseconfidencescore": colScore, "confidence_level": colScore, "confidence": colScore, "score": colScore,
	"country_code": colCountry, "countrycode": colCountry, "country": colCountry, "cc": colCountry,
	"threat_type": colThreat, "category": colThreat, "threat": colThreat, "threat_type_desc": colThreat,
	"malware": colMalware, "malware_printable": colMalware, "malware_family": colMalware, "family": colMalware, "fk_malware": colFamily,
	"c2_status": colStatus, "status": colStatus,
	"last_reported_at": colSeen, "lastreportedat": colSeen, "last_seen_utc": colSeen, "last_online": colSeen, "last_seen": colSeen, "lastseen": colSeen,
	"first_seen_utc": colFirst, "first_seen": colFirst, "firstseen": colFirst, "date": colDate, "timestamp": colDate, "added": colDate, "date_added": colDate,
	"tags": colTags, "attribute_tag": colTags, "event_tag": colTags,
	"ioc_type": colKind, "type": colKind, "indicator_type": colKind, "to_ids": colUse, "list": colList, "feed": colList, "protocol": colProto, "proto": colProto,
}

// A shape says which column stands where; -1 for none.
type shape struct {
	at     [columns]int
	n      int
	layout *layout
}

// shapeOf makes a shape of the names of a header, if it names addresses.
func shapeOf(names [][]byte) (s shape, ok bool) {
	for i := range s.at {
		s.at[i] = -1
	}
	has := map[string]bool{}
	for i, n := range names {
		name := strings.ToLower(strings.TrimSpace(string(n)))
		name = strings.ReplaceAll(name, " ", "_")
		has[name] = true
		if c := columnNames[name]; c != noColumn && (s.at[c] < 0 || name == "malware_printable") {
			s.at[c] = i
		}
	}
	s.n = len(names)
	switch {
	case s.at[colAddr] < 0:
		return s, false
	case has["abuse_confidence_score"], has["abuseconfidencescore"]:
		s.layout = abuseCSV
	case has["ioc_value"] && has["ioc_type"]:
		s.layout = foxCSV
	case has["dst_ip"] && (has["c2_status"] || has["malware"]):
		s.layout = feodoCSV
	case has["dstip"] && has["dstport"]:
		s.layout = sslCSV
	case has["uuid"] && has["type"] && has["value"]:
		s.layout = mispCSV
		s.at[colThreat] = -1 // the category of an attribute is "Network activity"
	case has["src_ip"] && has["dst_ip"], has["bytes"], has["src_bytes"], has["duration"]:
		return s, false // flows
	case s.tellsThreats(), s.at[colPort] >= 0 && len(names) == 2, s.at[colPort] >= 0 && s.at[colProto] >= 0 && len(names) == 3:
		s.layout = otherCSV
	default:
		return s, false
	}
	return s, true
}

// tellsThreats reports whether any column is one that only threat lists have:
// lists of machines, too, begin with an address.
func (s *shape) tellsThreats() bool {
	for _, c := range []column{colScore, colThreat, colMalware, colFamily, colStatus, colSeen, colFirst, colTags, colKind, colUse, colList} {
		if s.at[c] >= 0 {
			return true
		}
	}
	return false
}

// tableHeader reads a line as the names of columns, also behind a comment sign.
// A comment in words is none.
func tableHeader(line []byte, fields [][]byte) (shape, bool) {
	commented := line[0] == '#'
	line = bytes.TrimSpace(bytes.TrimLeft(line, "# \t"))
	if commented && bytes.IndexByte(line, ' ') >= 0 && bytes.IndexByte(line, '"') < 0 {
		return shape{}, false
	}
	if len(line) > 4096 || bytes.IndexByte(line, ',') < 0 {
		return shape{}, false
	}
	fields, ok := splitFields(line, fields[:0])
	if !ok {
		return shape{}, false
	}
	return shapeOf(fields)
}
