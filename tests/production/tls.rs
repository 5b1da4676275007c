//! SEC-9: a server elsewhere must prove who it is, and one that cannot is refused.

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, process::Command, sync::Arc};
use support::postgres::server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
};
use tokio_rustls::TlsAcceptor;
use weir_store_postgres::state;

/// Certificates by `openssl`, which the build needs anyway.
fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl can be run (on Debian and Ubuntu: apt-get install openssl)");
    assert!(
        output.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A CA of this name, and a certificate of it for a host that is valid for so many days; fewer than none are over.
pub(crate) fn certificate(folder: &Path, ca: &str, name: &str, host: &str, days: i32) {
    if !folder.join(format!("{ca}.pem")).exists() {
        openssl(
            folder,
            &format!(
                "req -x509 -newkey rsa:2048 -nodes -keyout {ca}.key -out {ca}.pem -days 30 -subj /CN={ca}"
            ),
        );
    }
    std::fs::write(
        folder.join(format!("{name}.ext")),
        format!("subjectAltName={host}\n"),
    )
    .unwrap();
    openssl(
        folder,
        &format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"),
    );
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -out {name}.pem -extfile {name}.ext -days {days}"
        ),
    );
}

/// What stands before the server: TLS with this certificate, or, without one, the word that there is none. The tests' own
/// server is built without TLS.
pub(crate) async fn front(folder: &Path, name: Option<&str>) -> u16 {
    let tls = name.map(|name| {
        let chain = CertificateDer::pem_file_iter(folder.join(format!("{name}.pem"))).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = server().folder().join(".s.PGSQL.5432");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (tls, socket) = (tls.clone(), socket.clone());
            tokio::spawn(async move {
                // The client's question whether there is TLS: its length, and its number.
                let mut question = [0; 8];
                client.read_exact(&mut question).await?;
                assert_eq!(question, [0, 0, 0, 8, 4, 210, 22, 47]);
                let Some(tls) = tls else {
                    return client.write_all(b"N").await;
                };
                client.write_all(b"S").await?;
                let mut client = tls.accept(client).await?;
                let mut server = UnixStream::connect(socket).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server)
                    .await
                    .map(|_| ())
            });
        }
    });
    port
}

async fn connect(port: u16, parameters: &str) -> Result<String, String> {
    let url = format!("postgres://weir@127.0.0.1:{port}/postgres?{parameters}");
    state(&url, || 0)
        .await
        .map(|state| state.role)
        .map_err(|problem| problem.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_full_takes_the_right_server_and_refuses_four_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "ours", "right", "IP:127.0.0.1", 10);
    certificate(folder, "ours", "elsewhere", "DNS:db.example.com", 10);
    certificate(folder, "ours", "expired", "IP:127.0.0.1", -1);
    certificate(folder, "theirs", "unknown", "IP:127.0.0.1", 10);
    let verified = format!(
        "sslmode=verify-full&sslrootcert={}",
        folder.join("ours.pem").display()
    );

    let port = front(folder, Some("right")).await;
    assert_eq!(connect(port, &verified).await, Ok("weir".to_owned()));
    for wrong in ["elsewhere", "expired", "unknown"] {
        let port = front(folder, Some(wrong)).await;
        let problem = connect(port, &verified).await.expect_err(wrong);
        assert!(problem.contains("TLS"), "{wrong}: {problem}");
    }
    // A server, or somebody in between, that says it speaks no TLS.
    let port = front(folder, None).await;
    let problem = connect(port, &verified).await.expect_err("no TLS");
    assert!(problem.contains("TLS"), "{problem}");
}
