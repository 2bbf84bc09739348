package wstarget_test

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// talk is a server's end of a socket.
type talk struct {
	*websocket.Conn
	request *http.Request
}

// read returns the next text message; "" at the end.
func (c talk) read() string {
	_, data, err := c.ReadMessage()
	if err != nil {
		return ""
	}
	return string(data)
}

// object returns the next message as a JSON object; nil at the end.
func (c talk) object() map[string]any {
	var v map[string]any
	if json.Unmarshal([]byte(c.read()), &v) != nil {
		return nil
	}
	return v
}

func (c talk) say(text string) { _ = c.WriteMessage(websocket.TextMessage, []byte(text)) }

func (c talk) closeWith(code int, text string) {
	_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	_, _, _ = c.ReadMessage() // the client's answer
}

// each answers each text message with f, until the end.
func each(f func(c talk, text string)) func(talk) {
	return func(c talk) {
		for {
			_, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			f(c, string(data))
		}
	}
}

// serve starts a server whose connections f handles, and returns its address.
func serve(t testing.TB, f func(talk)) string {
	t.Helper()
	var open sync.WaitGroup
	upgrader := websocket.Upgrader{Subprotocols: []string{"chat.v2"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1) // while the server knows the connection
		defer open.Done()
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		f(talk{conn, r})
	}))
	t.Cleanup(func() {
		server.Close()
		open.Wait()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// echo is a server that answers each message with itself.
func echo(t testing.TB) string { return serve(t, each(func(c talk, text string) { c.say(text) })) }

// answering returns a service that sends texts after each message.
func answering(texts ...string) func(talk) {
	return each(func(c talk, _ string) {
		for _, text := range texts {
			c.say(text)
		}
	})
}

// thenClosed sends texts after the first message, and closes.
func thenClosed(code int, texts ...string) func(talk) {
	return func(c talk) {
		c.read()
		for _, text := range texts {
			c.say(text)
		}
		if code == 0 {
			_ = c.NetConn().Close()
			return
		}
		c.closeWith(code, "bye")
	}
}

// frame is a frame of a websocket as it travels, from a service.
func frame(isLast bool, opcode byte, data string) string {
	first := opcode
	if isLast {
		first |= 0x80
	}
	switch {
	case len(data) < 126:
		return string([]byte{first, byte(len(data))}) + data
	case len(data) < 1<<16:
		return string(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(len(data)))) + data
	}
	return string(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(len(data)))) + data
}

// write writes frames at once.
func (c talk) write(frames ...string) { _, _ = c.NetConn().Write([]byte(strings.Join(frames, ""))) }

// sayAtOnce sends texts so that they arrive together.
func (c talk) sayAtOnce(texts ...string) {
	var frames []string
	for _, text := range texts {
		frames = append(frames, frame(true, websocket.TextMessage, text))
	}
	c.write(frames...)
}
