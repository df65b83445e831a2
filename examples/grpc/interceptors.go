// Package grpcauth has interceptors that let calls to a gRPC server pass if they present a token. A server needs both: one sees
// unary calls only, the other streams only.
//
//	interceptors := grpcauth.New(m, nil)
//	server := grpc.NewServer(grpc.UnaryInterceptor(interceptors.Unary), grpc.StreamInterceptor(interceptors.Stream))
//
// The token is in the metadata as it would be in a header: authorization: Bearer tok_... Package httpauth decides, so its
// options apply. The statuses are
//
//   - Unauthenticated, with one text for all causes, if there is no token, more than one, or one that is refused;
//   - PermissionDenied for a token of another kind;
//   - Unavailable if the store fails; the client may retry.
//
// A stream can last longer than its token. So this example authenticates again with each message, which costs a lookup, and
// ends the context of the stream when the token expires. After a revocation no message gets through in either direction. A
// stream without messages stays open until its token expires, so close idle streams with MaxConnectionAge of
// keepalive.ServerParameters. If the store fails, the stream ends with Unavailable.
//
//	go test ./examples/grpc
package grpcauth

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Interceptors are for the calls to a server. Use [New].
type Interceptors struct {
	manager      *apitoken.Manager
	authenticate func(*http.Request) (apitoken.Identity, *httpauth.Refusal)
}

// New makes interceptors. The options about HTTP answers have no effect. Invalid options panic.
func New(m *apitoken.Manager, opts *httpauth.Options) *Interceptors {
	return &Interceptors{manager: m, authenticate: httpauth.Authenticator(m, opts)}
}

// Unary is the interceptor for unary calls.
func (i *Interceptors) Unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	identity, err := i.identify(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := handler(context.WithValue(ctx, contextKey{}, identity), req)
	return answer, statusOf(err)
}

// identify authenticates the token of a call. Its error is meant for the client.
func (i *Interceptors) identify(ctx context.Context) (apitoken.Identity, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	header := http.Header{}
	for name, values := range md {
		header[http.CanonicalHeaderKey(name)] = values
	}
	identity, refusal := i.authenticate((&http.Request{Header: header}).WithContext(ctx))
	if refusal == nil {
		return identity, nil
	}
	switch refusal.Status() {
	case http.StatusUnauthorized:
		return identity, status.Error(codes.Unauthenticated, "the token is missing or not valid")
	case http.StatusBadRequest:
		return identity, status.Error(codes.Unauthenticated, "the metadata do not hold exactly one token")
	case http.StatusForbidden:
		return identity, status.Error(codes.PermissionDenied, "a token of this kind may not be used here")
	}
	return identity, status.Error(codes.Unavailable, "the token cannot be checked at the moment")
}

// statusOf turns errors of the Manager that a handler returns into statuses. It returns other errors unchanged.
func statusOf(err error) error {
	switch {
	case errors.Is(err, apitoken.ErrUnavailable):
		return status.Error(codes.Unavailable, "this cannot be answered at the moment")
	case errors.Is(err, apitoken.ErrDenied):
		return status.Error(codes.PermissionDenied, "you may not do this")
	}
	return err
}

// FromContext returns the identity of a call. ok is false if there is none.
func FromContext(ctx context.Context) (apitoken.Identity, bool) {
	identity, ok := ctx.Value(contextKey{}).(apitoken.Identity)
	return identity, ok
}

type contextKey struct{}
