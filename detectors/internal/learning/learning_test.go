package learning

import (
	"testing"
	"time"

	"seine/flow"
)

const hour = flow.Time(time.Hour)

func TestLearningTakesItsTime(t *testing.T) {
	s := New(24 * hour)
	if s.Over() {
		t.Error("over before the first flow")
	}
	for i := range flow.Time(24) {
		if s.See(i * hour) {
			t.Fatalf("over after %d hours", i)
		}
	}
	if !s.See(24 * hour) {
		t.Error("not over after 24 hours")
	}
}

func TestARowDatedWronglyTeachesNothing(t *testing.T) {
	s := New(24 * hour)
	s.See(0)
	if s.See(400_000 * hour) {
		t.Error("one row of another decade ends the learning")
	}
	if s.See(flow.MinTime); s.See(flow.MaxTime) {
		t.Error("the ends of time end the learning")
	}
}

func TestLearningGoesOnAfterARowOfTheFuture(t *testing.T) {
	s := New(2 * hour)
	s.See(400_000 * hour)
	s.See(0)
	s.See(hour)
	if s.Over() {
		t.Error("over after one hour")
	}
	if !s.See(2 * hour) {
		t.Error("not over after two hours")
	}
}
