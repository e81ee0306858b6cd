// Package inventory reads what scanners found listening and what is known to
// be vulnerable, and joins them.
//
// What listens comes from scans: nmap (XML and grepable), masscan (XML, JSON,
// grepable and its list), naabu and httpx (JSON lines), and any CSV file with
// columns for address and port, such as "seine services -f csv" writes. Of
// several scans of a port the latest counts.
//
// What is vulnerable comes from the scan itself, where a script says so, and
// from dumps of the NVD (JSON 2.0), whose version ranges are compared with the
// versions that the scan found. Neither is proof: a version is what the service
// says of itself, and distributions mend old versions without a new number.
// Which of the vulnerabilities are exploited in the wild is told by CISA's
// catalogue (KEV), how likely an exploitation is by EPSS.
//
// All files may be compressed. A dump of the NVD is read as a stream; of it is
// kept what concerns products that the scans found.
package inventory
