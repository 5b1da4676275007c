//! The certificate that the server shows, for its end. Nothing is trusted here and nothing is said: whether the server is the
//! right one is decided when somebody logs in.

use super::not_after::not_after_ms;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

const WITHIN: Duration = Duration::from_secs(5);
/// Postgres's question whether there is encryption.
const QUESTION: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::attach) enum Shown {
    /// It speaks no TLS.
    NoTls,
    /// Until when its certificate is valid; none when that could not be read.
    Certificate(Option<i64>),
}

/// Asks the server behind this host and port, or behind the tunnel's socket. Waits up to 5 s for each part of the answer.
///
/// # Errors
/// The server does not answer.
pub(in crate::attach) async fn look(host: &str, port: u16, socket: Option<PathBuf>) -> io::Result<Shown> {
    let host = host.to_owned();
    let looking = tokio::task::spawn_blocking(move || match socket {
        None => {
            let address = (host.as_str(), port).to_socket_addrs()?.next();
            let address = address.ok_or(io::ErrorKind::NotFound)?;
            let stream = TcpStream::connect_timeout(&address, WITHIN)?;
            stream.set_read_timeout(Some(WITHIN))?;
            stream.set_write_timeout(Some(WITHIN))?;
            ask(stream, &host)
        }
        Some(path) => through_socket(&path, &host),
    });
    looking.await.map_err(io::Error::other)?
}

#[cfg(unix)]
fn through_socket(path: &std::path::Path, host: &str) -> io::Result<Shown> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    ask(stream, host)
}

#[cfg(not(unix))]
fn through_socket(_path: &std::path::Path, _host: &str) -> io::Result<Shown> {
    Err(io::ErrorKind::Unsupported.into())
}

fn ask(mut stream: impl Read + Write, host: &str) -> io::Result<Shown> {
    stream.write_all(&QUESTION)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    if answer != *b"S" {
        return Ok(Shown::NoTls);
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(Arc::new(config()?), name).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        // A server may end it here, because it wants a client's certificate; what it showed until then is enough.
        if connection.complete_io(&mut stream).is_err() {
            break;
        }
    }
    let shown = connection
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|leaf| not_after_ms(leaf));
    Ok(Shown::Certificate(shown))
}

fn config() -> io::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OnlyLooking(provider)))
        .with_no_client_auth())
}

/// Takes whatever is shown; the connection is closed before anything is said on it.
#[derive(Debug)]
struct OnlyLooking(Arc<CryptoProvider>);

impl ServerCertVerifier for OnlyLooking {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
