package flow

// A Stitching tells how the records of an input relate to connections, so
// that [Stitch] can make one flow of what was logged in parts.
type Stitching struct {
	Pieces bool // a long connection is several records, each with what it counts since the one before
	Halves bool // each direction is a record of its own
	Copies bool // two observers may have logged the same record
	ByUID  bool // records of one UID are reports on one connection, each counting from its begin

	// Gap is the longest silence between two pieces of a connection. Zero
	// has it learned from the data.
	Gap Time
	// Silence says that a connection whose other half is not in the input
	// had no answer. Where records are sampled, or one side only is seen,
	// it is false, and nobody can tell.
	Silence bool
	// Auto has the input stitched unless the user says otherwise.
	Auto bool
}

// Needed reports whether there is anything to put together.
func (s Stitching) Needed() bool { return s.Pieces || s.Halves || s.Copies || s.ByUID }

// Orient tells by what rule the originator of a flow was told from the
// responder.
type Orient uint8

// The rules, the surest first.
const (
	OrientSource     Orient = iota // the input says so
	OrientSYN                      // who sent a SYN without an ACK
	OrientEarlier                  // whose half began earlier
	OrientDirection                // the direction at the observer's interface
	OrientService                  // the port of a known service is the responder's
	OrientPopularity               // the port that many peers use is the responder's
	OrientPort                     // the lower port is the responder's
	OrientGuess                    // as logged, for want of anything better
	orientCount
)

var orientNames = [orientCount]string{
	"source", "syn", "earlier", "direction", "service", "popularity", "port", "guess",
}

// String names the rule.
func (o Orient) String() string {
	if o >= orientCount {
		return "guess"
	}
	return orientNames[o]
}
