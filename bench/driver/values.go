package main

import "encoding/binary"

// appendMessage appends a broker-message without reply-to.
func appendMessage(to []byte, subject string, body []byte) []byte {
	to = appendBytes(to, []byte(subject))
	to = appendBytes(to, body)
	return append(to, 0)
}

// appendBytes appends a string or a list of bytes.
func appendBytes(to, value []byte) []byte {
	to = binary.AppendUvarint(to, uint64(len(value)))
	return append(to, value...)
}

// takeBytes reads a string or a list of bytes. ok is false if it is not there as a whole.
func takeBytes(from []byte) (value, rest []byte, ok bool) {
	length, n := binary.Uvarint(from)
	if n <= 0 || uint64(len(from)-n) < length {
		return nil, nil, false
	}
	end := n + int(length)
	return from[n:end], from[end:], true
}

// takeMessage reads a broker-message. ok is false if it is not there as a whole.
func takeMessage(from []byte) (subject string, body []byte, ok bool) {
	name, rest, ok := takeBytes(from)
	if !ok {
		return "", nil, false
	}
	body, rest, ok = takeBytes(rest)
	if !ok || len(rest) == 0 {
		return "", nil, false
	}
	if rest[0] == 1 {
		if _, _, ok = takeBytes(rest[1:]); !ok {
			return "", nil, false
		}
	}
	return string(name), body, true
}

// takeAnswer reads the result of publish, or of request, whose good case has a message.
// failure is the text of a bad one.
func takeAnswer(from []byte, withMessage bool) (failure string, ok bool) {
	switch {
	case len(from) == 0:
		return "", false
	case from[0] == 1:
		text, _, whole := takeBytes(from[1:])
		return string(text), whole
	case withMessage:
		_, _, whole := takeMessage(from[1:])
		return "", whole
	}
	return "", true
}
