//! The hub's own port on this machine.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::net::TcpListener;

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else listens there.
    #[error("PORT: port {taken} on 127.0.0.1 is taken; stop what uses it or choose another, such as PORT={another}")]
    Taken {
        /// The port that was wanted.
        taken: u16,
        /// One that may be free.
        another: u16,
    },
    /// The system refuses.
    #[error("PORT: cannot listen on port {0} of 127.0.0.1")]
    Refused(u16, #[source] io::Error),
}

/// Takes the port; 0 takes any free one. Only programs on this machine can reach it.
pub async fn listen(port: u16) -> Result<(TcpListener, u16), ListenError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| judge(port, error))?;
    let taken = listener.local_addr().map_err(|error| ListenError::Refused(port, error))?;
    Ok((listener, SocketAddr::port(&taken)))
}

fn judge(port: u16, error: io::Error) -> ListenError {
    match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { taken: port, another: suggestion(port) },
        _ => ListenError::Refused(port, error),
    }
}

fn suggestion(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_told_by_name_with_another_to_try() {
        let (_held, port) = listen(0).await.unwrap();
        let error = listen(port).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("PORT: port {port} on 127.0.0.1 is taken;")), "{error}");
        assert!(error.ends_with(&format!("PORT={}", suggestion(port))), "{error}");
    }

    #[test]
    fn the_last_port_has_a_suggestion_too() {
        assert_eq!(suggestion(u16::MAX), 8080);
    }
}
