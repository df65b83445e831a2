package grpcauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/seed-d6cf0a46/apitoken"
	grpcauth "github.com/seed-d6cf0a46/apitoken/examples/grpc"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// service counts the calls that reach it, and answers with the user.
type service struct {
	testpb.UnimplementedTestServiceServer
	manager  *apitoken.Manager
	calls    atomic.Int64
	received chan struct{} // gets one value for each message of StreamingInputCall
	again    chan struct{} // makes StreamingOutputCall send a second message
}

// EmptyCall lists all tokens, which needs a permission.
func (s *service) EmptyCall(ctx context.Context, _ *testpb.Empty) (*testpb.Empty, error) {
	identity, _ := grpcauth.FromContext(ctx)
	_, err := s.manager.ListTokens(ctx, identity.Actor(), apitoken.TokenQuery{AnyOwner: true})
	return &testpb.Empty{}, err
}

func (s *service) UnaryCall(ctx context.Context, _ *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	s.calls.Add(1)
	identity, _ := grpcauth.FromContext(ctx)
	return &testpb.SimpleResponse{Username: string(identity.User.ID)}, nil
}

// FullDuplexCall answers each message with the user.
func (s *service) FullDuplexCall(stream grpc.BidiStreamingServer[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
	s.calls.Add(1)
	for {
		if _, err := stream.Recv(); err != nil {
			return err
		}
		if err := stream.Send(saying(stream.Context())); err != nil {
			return err
		}
	}
}

// StreamingInputCall takes messages until there are no more.
func (s *service) StreamingInputCall(stream grpc.ClientStreamingServer[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse]) error {
	for {
		switch _, err := stream.Recv(); {
		case errors.Is(err, io.EOF):
			return stream.SendAndClose(&testpb.StreamingInputCallResponse{})
		case err != nil:
			return errors.New("could not receive") // hides the cause
		}
		s.received <- struct{}{}
	}
}

// StreamingOutputCall sends one message, and a second one on request unless the context ends first.
func (s *service) StreamingOutputCall(_ *testpb.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse]) error {
	s.calls.Add(1)
	if err := stream.Send(saying(stream.Context())); err != nil {
		return err
	}
	select {
	case <-s.again:
		if err := stream.Send(saying(stream.Context())); err != nil {
			return errors.New("could not send")
		}
		return nil
	case <-stream.Context().Done():
		return errors.New("the context ended")
	}
}

func saying(ctx context.Context) *testpb.StreamingOutputCallResponse {
	identity, _ := grpcauth.FromContext(ctx)
	return &testpb.StreamingOutputCallResponse{Payload: &testpb.Payload{Body: []byte(identity.User.ID)}}
}

// serve runs a server with the interceptors, in memory, until the test ends.
func serve(t *testing.T, m *apitoken.Manager, opts *httpauth.Options) (*service, testpb.TestServiceClient) {
	t.Helper()
	s := &service{manager: m, received: make(chan struct{}, 10), again: make(chan struct{}, 1)}
	interceptors := grpcauth.New(m, opts)
	server := grpc.NewServer(grpc.UnaryInterceptor(interceptors.Unary), grpc.StreamInterceptor(interceptors.Stream))
	testpb.RegisterTestServiceServer(server, s)
	listener := bufconn.Listen(1 << 16)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	must(t, err)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, testpb.NewTestServiceClient(conn)
}

// with returns the context of a call with authorization values. It ends with the test, or after 30 s.
func with(t *testing.T, authorization ...string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	for _, value := range authorization {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
	}
	return ctx
}

// unary makes a unary call and returns the user that it was served as.
func unary(ctx context.Context, c testpb.TestServiceClient) (string, error) {
	res, err := c.UnaryCall(ctx, &testpb.SimpleRequest{})
	return res.GetUsername(), err
}

// stream opens a stream and returns the user that its first message was served as.
func stream(ctx context.Context, c testpb.TestServiceClient) (string, error) {
	s, err := c.FullDuplexCall(ctx)
	if err != nil {
		return "", err
	}
	user, err := echo(s)
	if err == nil {
		err = s.CloseSend()
	}
	return user, err
}

func echo(s testpb.TestService_FullDuplexCallClient) (string, error) {
	_ = s.Send(&testpb.StreamingOutputCallRequest{}) // if this fails, Recv says why
	res, err := s.Recv()
	return string(res.GetPayload().GetBody()), err
}

func wantCode(t *testing.T, what string, want codes.Code, err error) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("%s: the code is %v, want %v: %v", what, got, want, err)
	}
}

// downStore is a store whose database is down.
var downStore = storetest.Faulty{Store: memstore.New(), Before: func(context.Context, string) error {
	return errors.New("connection refused")
}}

func TestCallsPassOnlyWithAToken(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"deploy"}})
	good := tt.Token("ada")
	_, deploy := tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "deploy"})
	revoked, revokedText := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	must(t, tt.Manager.Revoke(t.Context(), apitoken.System(), revoked.ID))
	disabled := tt.Token("bob")
	must(t, tt.Manager.DisableUser(t.Context(), apitoken.System(), "bob"))
	down, err := apitoken.New(downStore, nil)
	must(t, err)
	opts := &httpauth.Options{Kinds: []apitoken.Kind{apitoken.KindUser}}
	s, client := serve(t, tt.Manager, opts)
	downService, downClient := serve(t, down, opts)

	const refused = "the token is missing or not valid"
	tests := []struct {
		name          string
		authorization []string
		down          bool
		want          codes.Code
		text          string // empty: any
	}{
		{"a token", []string{"Bearer " + good}, false, codes.OK, ""},
		{"no token", nil, false, codes.Unauthenticated, refused},
		{"an empty value", []string{""}, false, codes.Unauthenticated, refused},
		{"another scheme", []string{"Basic YTpi"}, false, codes.Unauthenticated, refused},
		{"a wrong token", []string{"Bearer " + good + "0"}, false, codes.Unauthenticated, refused},
		{"a revoked token", []string{"Bearer " + revokedText}, false, codes.Unauthenticated, refused},
		{"a token of a disabled user", []string{"Bearer " + disabled}, false, codes.Unauthenticated, refused},
		{"two tokens", []string{"Bearer " + good, "Bearer " + good}, false, codes.Unauthenticated, ""},
		{"two tokens in one", []string{"Bearer " + good + "," + good}, false, codes.Unauthenticated, ""},
		{"a token of another kind", []string{"Bearer " + deploy}, false, codes.PermissionDenied, ""},
		{"the store is down", []string{"Bearer " + good}, true, codes.Unavailable, ""},
		{"the store is down, no token", nil, true, codes.Unauthenticated, refused},
	}
	for _, test := range tests {
		for sort, call := range map[string]func(context.Context, testpb.TestServiceClient) (string, error){"unary": unary, "stream": stream} {
			t.Run(test.name+"/"+sort, func(t *testing.T) {
				c, reached := client, &s.calls
				if test.down {
					c, reached = downClient, &downService.calls
				}
				reached.Store(0)
				user, err := call(with(t, test.authorization...), c)
				wantCode(t, test.name, test.want, err)
				if text := status.Convert(err).Message(); test.text != "" && text != test.text {
					t.Errorf("the text is %q, want %q", text, test.text)
				}
				if want := test.want == codes.OK; (user == "ada") != want || (reached.Load() > 0) != want {
					t.Errorf("the call was served as %q, and reached the service %d times", user, reached.Load())
				}
			})
		}
	}
}

func TestUnaryCallsAreRefusedAfterRevocation(t *testing.T) {
	tt := tokentest.New(t)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	_, client := serve(t, tt.Manager, nil)
	_, err := unary(with(t, "Bearer "+text), client)
	wantCode(t, "before", codes.OK, err)
	must(t, tt.Manager.Revoke(t.Context(), apitoken.System(), token.ID))
	_, err = unary(with(t, "Bearer "+text), client)
	wantCode(t, "after", codes.Unauthenticated, err)
}

func TestRefusalsOfTheManagerHaveAStatus(t *testing.T) {
	tt := tokentest.New(t)
	ada, bob := tt.Token("ada"), tt.Token("bob")
	tt.User("ada", apitoken.RoleAdmin)
	_, client := serve(t, tt.Manager, nil)
	_, err := client.EmptyCall(with(t, "Bearer "+ada), &testpb.Empty{})
	wantCode(t, "an administrator", codes.OK, err)
	_, err = client.EmptyCall(with(t, "Bearer "+bob), &testpb.Empty{})
	wantCode(t, "a user", codes.PermissionDenied, err)
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
