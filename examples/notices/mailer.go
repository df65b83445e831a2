package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net/smtp"
	"net/textproto"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// mailer sends notices by mail.
type mailer struct {
	manager   *apitoken.Manager
	server    string
	from      string
	addressOf func(apitoken.UserID) string // empty: none
	log       *slog.Logger
}

// due is what one call leases. All of it has to be sent within the ten minutes of the lease.
var due = apitoken.NoticeQuery{Steps: []time.Duration{apitoken.Days(30), apitoken.Days(7), apitoken.Days(1)}, Limit: 50}

// sendDue sends the notices that are due, and returns how many mails it has sent.
func (s mailer) sendDue(ctx context.Context) (mails int, err error) {
	for {
		notices, err := s.manager.LeaseNotices(ctx, apitoken.System(), due)
		if err != nil || len(notices) == 0 {
			return mails, err
		}
		for _, n := range notices {
			sent, ok := s.send(n)
			mails += sent
			if !ok {
				continue // its lease runs out, and it is tried again
			}
			if err := s.manager.NoticeSent(ctx, apitoken.System(), n); err != nil {
				return mails, err
			}
		}
	}
}

// send mails a notice to everybody whose address is known. ok is false if it is to be tried again: nobody has got it, and
// somebody may later. A notice that nobody can get counts as sent, so that it holds up no other.
func (s mailer) send(n apitoken.Notice) (sent int, ok bool) {
	later := false
	for _, user := range n.To {
		address := s.addressOf(user)
		if address == "" {
			s.log.Warn("no address", "user", string(user), "token", n.Token.ID.String())
			continue
		}
		err := smtp.SendMail(s.server, nil, s.from, []string{address}, message(s.from, address, n))
		var reply *textproto.Error
		switch {
		case err == nil:
			sent++
		case errors.As(err, &reply) && reply.Code >= 500: // this address will never do
			s.log.Warn("mail refused", "user", string(user), "token", n.Token.ID.String(), "err", err)
		default:
			later = true
			s.log.Error("mail", "user", string(user), "token", n.Token.ID.String(), "err", err)
		}
	}
	return sent, sent > 0 || !later
}

// message is the mail of a notice. Its Message-ID is the same each time, so a mail that is sent twice can be recognised.
func message(from, to string, n apitoken.Notice) []byte {
	var m bytes.Buffer
	fmt.Fprintf(&m, "From: %s\r\nTo: %s\r\n", from, to)
	fmt.Fprintf(&m, "Subject: %s\r\n", mime.QEncoding.Encode("utf-8", fmt.Sprintf("The token %q expires on %s", n.Token.Name, n.Token.ExpiresAt.Format(time.DateOnly))))
	fmt.Fprintf(&m, "Message-ID: <%s.%s.%s>\r\n", n.Token.ID, n.Step, from)
	m.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&m)
	fmt.Fprintf(body, "The token %q (%s) of %s expires at %s.\r\n", n.Token.Name, n.Token.Hint, n.Token.Owner, n.Token.ExpiresAt.Format(time.RFC1123))
	if n.Token.Description != "" {
		fmt.Fprintf(body, "It is described as: %s\r\n", n.Token.Description)
	}
	fmt.Fprint(body, "If it is still in use, generate a new one before then and replace it.\r\n")
	_ = body.Close() // a bytes.Buffer takes everything
	return m.Bytes()
}
