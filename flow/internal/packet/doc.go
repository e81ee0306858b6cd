// Package packet reads captures, pcap and pcapng, and takes the headers of
// their packets apart as far as the transport header. It works in place: a
// Packet is filled anew by every call of Next, and its bytes lie in the
// reader's buffer.
//
// No length in a file is believed before the bytes are there. Damage within a
// packet costs that packet; damage to the frame around it, which tells where
// the next one begins, ends the reading (see [Broken]).
package packet
