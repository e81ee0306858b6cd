// Package office invents a week of traffic of an ordinary office: sixty people
// and their computers, the servers, printers, telephones and gadgets around
// them, guests, colleagues who work from home, and the internet that knocks at
// the door all day. Nothing in it is meant badly but the knocking; what looks
// as if it were is the point: backups at night, monitoring by the clock, a
// server that was switched off and is still called, programs that look for
// their neighbours in vain.
//
// Incidents can be planted into the same week. Where and when each begins is
// told beside it, so that a test can ask who named it, and how soon.
//
// The traffic comes day by day in the order of a collector: by the start of the
// flows with sizes of whole packets, as flow exporters log, or by their end with
// payload sizes and names of services, as Zeek does. The package serves tests
// alone.
package office
