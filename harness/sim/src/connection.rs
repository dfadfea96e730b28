//! Connections, as the two kernels know them.
//!
//! A node opens a connection with its first message to a peer; replies go back on it. Each side knows only its own
//! end, so two ends can disagree for a while, exactly as TCP's do: a peer that lost power leaves a half-open end
//! behind, and what is sent on it is answered by a reset once the machine is back.
//!
//! Simplified: opening takes no round trip of its own. Gives up: a connection set-up timeout shorter than a request's.
//! Simplified: between two nodes there is at most one connection that each of them opened. Gives up: one of a client's
//! several connections to one broker failing alone.

/// Identity of one direction of a connection, between one sender and one receiver; 0 is none. Even numbers are the
/// direction of whoever opened it, the odd number after it is the reply direction.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(crate) struct ConnId(pub(crate) u32);

impl ConnId {
    pub(crate) const NONE: ConnId = ConnId(0);

    fn reply(self) -> ConnId {
        ConnId(self.0 | 1)
    }
    fn is_open(self) -> bool {
        self != ConnId::NONE
    }
}

/// Tells a peer that connections ended, by the number their opener gave them. Also what a reset is.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(crate) struct Fin {
    /// Opened by whoever sends this.
    opened: ConnId,
    /// Opened by whoever hears it.
    accepted: ConnId,
}

/// One node's end of everything between it and one peer: at most one connection that it opened and one that it accepted.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct End {
    opened: ConnId,
    accepted: ConnId,
    /// The accepted connection is the younger one. What is sent goes on the younger: the older may be half open.
    accepted_last: bool,
    last: u32,
    /// Something was sent to the peer while its machine was dark, so that our kernel keeps sending it and is told
    /// when the machine is back.
    pub(crate) unacknowledged: bool,
}

impl End {
    /// The connection to send on, opened if need be; whether it was opened.
    pub(crate) fn open(&mut self) -> (ConnId, bool) {
        if self.accepted.is_open() && (self.accepted_last || !self.opened.is_open()) {
            return (self.accepted.reply(), false);
        }
        if self.opened.is_open() {
            return (self.opened, false);
        }
        self.last += 2;
        self.opened = ConnId(self.last);
        self.accepted_last = false;
        (self.opened, true)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_open() || self.accepted.is_open()
    }

    /// Whether a message on `conn` is for a connection we know. If not, the sender gets a reset.
    pub(crate) fn accept(&mut self, conn: ConnId, opening: bool) -> Result<(), Fin> {
        if opening {
            self.accepted = conn;
            self.accepted_last = true;
            return Ok(());
        }
        let is_reply = conn.0 & 1 == 1;
        match is_reply {
            true if self.opened.is_open() && self.opened.reply() == conn => Ok(()),
            true => Err(Fin { opened: ConnId(conn.0 & !1), accepted: ConnId::NONE }),
            false if self.accepted == conn => Ok(()),
            false => Err(Fin { opened: ConnId::NONE, accepted: conn }),
        }
    }

    /// Ends what is open; what to tell the peer, if anything was.
    pub(crate) fn close(&mut self) -> Option<Fin> {
        let fin = Fin { opened: self.opened, accepted: self.accepted };
        let was_open = self.is_open();
        self.opened = ConnId::NONE;
        self.accepted = ConnId::NONE;
        self.unacknowledged = false;
        was_open.then_some(fin)
    }

    /// The peer's word that connections ended; whether it concerned any that we had.
    pub(crate) fn hear(&mut self, fin: Fin) -> bool {
        let opened = fin.accepted.is_open() && self.opened == fin.accepted;
        let accepted = fin.opened.is_open() && self.accepted == fin.opened;
        if opened {
            self.opened = ConnId::NONE;
        }
        if accepted {
            self.accepted = ConnId::NONE;
        }
        if opened || accepted {
            self.unacknowledged = false;
        }
        opened || accepted
    }

    /// What a machine that came back from the dark answers to a peer that kept sending to it.
    pub(crate) fn reset_for(peer: &End) -> Option<Fin> {
        (peer.unacknowledged && peer.is_open()).then_some(Fin { opened: peer.accepted, accepted: peer.opened })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends one message from `a` to `b`; what `b` makes of it.
    fn cross(a: &mut End, b: &mut End) -> Result<(), Fin> {
        let (conn, opening) = a.open();
        b.accept(conn, opening)
    }

    #[test]
    fn replies_go_back_on_the_connection_that_the_request_opened() {
        let (mut client, mut server) = (End::default(), End::default());
        assert!(cross(&mut client, &mut server).is_ok());
        let (_, opening) = server.open();
        assert!(!opening);
        assert!(cross(&mut server, &mut client).is_ok());
    }

    #[test]
    fn a_late_reply_on_a_closed_connection_is_refused_and_reset() {
        let (mut client, mut server) = (End::default(), End::default());
        cross(&mut client, &mut server).unwrap();
        client.close();
        let reset = cross(&mut server, &mut client).unwrap_err();
        assert!(server.hear(reset));
    }

    #[test]
    fn the_peer_of_a_closed_end_hears_of_it_once() {
        let (mut client, mut server) = (End::default(), End::default());
        cross(&mut client, &mut server).unwrap();
        let fin = client.close().unwrap();
        assert!(server.hear(fin));
        assert!(!server.hear(fin));
        assert!(client.close().is_none());
    }

    #[test]
    fn an_old_goodbye_does_not_end_a_newer_connection() {
        let (mut client, mut server) = (End::default(), End::default());
        cross(&mut client, &mut server).unwrap();
        let fin = client.close().unwrap();
        cross(&mut client, &mut server).unwrap();
        assert!(!server.hear(fin));
    }

    #[test]
    fn two_peers_that_open_at_once_can_both_talk() {
        let (mut a, mut b) = (End::default(), End::default());
        let (from_a, a_opening) = a.open();
        let (from_b, b_opening) = b.open();
        assert!(b.accept(from_a, a_opening).is_ok() && a.accept(from_b, b_opening).is_ok());
        assert!(cross(&mut a, &mut b).is_ok() && cross(&mut b, &mut a).is_ok());
    }

    #[test]
    fn a_restarted_peer_gets_its_replies_on_its_own_new_connection() {
        let (mut broker, mut peer) = (End::default(), End::default());
        cross(&mut broker, &mut peer).unwrap();
        peer.close();
        cross(&mut peer, &mut broker).unwrap();
        assert!(cross(&mut broker, &mut peer).is_ok());
    }

    #[test]
    fn what_is_sent_to_a_machine_that_lost_power_is_answered_by_a_reset_when_it_is_back() {
        let (mut client, mut server) = (End::default(), End::default());
        cross(&mut client, &mut server).unwrap();
        server.close();
        let reset = cross(&mut client, &mut server).unwrap_err();
        assert!(client.hear(reset));
        assert!(cross(&mut client, &mut server).is_ok());
    }
}
