//! Notices as mail, over a small server of our own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::domain::delivery::Form;
use gleaner::notices::MailSettings;
use gleaner::store::notices::webhooks::WebhookSpec;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::ground::{Ground, spec};

/// A server that takes every mail, except to whom it does not know.
async fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("smtp://{}", listener.local_addr().expect("bound"));
    let mails = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&mails);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, Arc::clone(&kept)));
        }
    });
    (url, mails)
}

async fn talk(stream: TcpStream, mails: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await.expect("said");
    let (mut line, mut mail, mut is_text) = (String::new(), String::new(), false);
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        mail.push_str(&line);
        let answer = match line.trim_end() {
            "." if is_text => {
                is_text = false;
                mails.lock().expect("no panic while held").push(std::mem::take(&mut mail));
                "250 kept\r\n"
            }
            _ if is_text => "",
            "DATA" => {
                is_text = true;
                "354 go on\r\n"
            }
            "QUIT" => "221 bye\r\n",
            words if words.contains("nobody@") => "550 no such person\r\n",
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).await.expect("said");
        line.clear();
    }
}

#[actix_web::test]
async fn a_notice_goes_to_all_recipients_in_one_mail_and_a_refusal_is_kept_as_an_error() {
    let Some(ground) = Ground::new().await else { return };
    let (url, mails) = server().await;
    let recipients = vec!["ann@example.org".to_owned(), "ben@example.org".to_owned()];
    let webhook = ground.made(WebhookSpec { recipients, ..spec(Form::Email) }).await;
    let made = ground.test(webhook).await;
    let settings = MailSettings { url, from: "Gleaner <gleaner@example.org>".to_owned() };
    let _sender = ground.sender_with(false, Some(settings));
    ground.until(webhook, "it arrives", |row| row.delivered_at.is_some()).await;
    let mail = mails.lock().expect("no panic while held").concat();
    for words in [
        "MAIL FROM:<gleaner@example.org>",
        "RCPT TO:<ann@example.org>",
        "RCPT TO:<ben@example.org>",
        "Subject: A test from Gleaner",
        "text/plain",
        "Notices arrive here.",
        &format!("Message-ID: <{}@gleaner>", made.id),
    ] {
        assert!(mail.contains(words), "{words}: {mail}");
    }

    let recipients = vec!["nobody@example.org".to_owned()];
    let refused = ground.made(WebhookSpec { recipients, ..spec(Form::Email) }).await;
    ground.test(refused).await;
    let failed = ground.until(refused, "it fails", |row| row.last_error.is_some()).await;
    assert!(failed.last_error.is_some_and(|error| error.contains("no such person")));
    assert!(failed.next_attempt_at.is_some_and(|at| at > failed.created_at + Duration::from_secs(1)));
}
