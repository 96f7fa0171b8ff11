// Package conformance runs the conformance suite of the Gateway API against the local edge.
package conformance

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"

	"golang.org/x/net/websocket"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/utils/roundtripper"
)

// Loopback addresses of the local edge, by the port of a listener.
var edgeAddresses = map[string]string{
	"80":  os.Getenv("EDGE_HTTP_ADDRESS"),
	"443": os.Getenv("EDGE_HTTPS_ADDRESS"),
}

// dialEdge connects to the local edge for every host, because DNS leads each address of a Gateway to Cloudflare.
func dialEdge(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	edgeAddress := edgeAddresses[port]
	if edgeAddress == "" {
		return nil, fmt.Errorf("the edge does not listen on port %s", port)
	}
	dialer := net.Dialer{}
	return dialer.DialContext(ctx, network, edgeAddress)
}

type edgeWebSocketDialer struct{}

// Dial opens a WebSocket connection through the local edge. The handshake has the host of the URL.
func (edgeWebSocketDialer) Dial(url, protocol, origin string) (*websocket.Conn, error) {
	config, err := websocket.NewConfig(url, origin)
	if err != nil {
		return nil, err
	}
	if protocol != "" {
		config.Protocol = []string{protocol}
	}
	port := config.Location.Port()
	if port == "" {
		port = "80"
	}
	connection, err := dialEdge(context.Background(), "tcp", net.JoinHostPort(config.Location.Hostname(), port))
	if err != nil {
		return nil, err
	}
	return websocket.NewClient(config, connection)
}

func TestConformance(t *testing.T) {
	for port, address := range edgeAddresses {
		if address == "" {
			t.Fatalf("no edge address for port %s. Run the suite with: npm run test:gateway", port)
		}
	}
	options := conformance.DefaultOptions(t)
	options.RoundTripper = &roundtripper.DefaultRoundTripper{
		Debug:             options.Debug,
		TimeoutConfig:     options.TimeoutConfig,
		CustomDialContext: dialEdge,
	}
	options.WebSocketDialer = edgeWebSocketDialer{}
	conformance.RunConformanceWithOptions(t, options)
}
