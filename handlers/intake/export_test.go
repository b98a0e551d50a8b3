package intake

import "github.com/ThreeDotsLabs/watermill/message"

// OnArrival has a function called with each message before it is emitted. It is given before Subscribe.
func (s *Subscriber) OnArrival(f func(*message.Message)) { s.arrived = f }
