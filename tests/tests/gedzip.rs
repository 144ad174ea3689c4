//! GEDZIP over HTTP: the files of an archive come with its records, are kept, and leave with them.
#![cfg(test)]

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use dzinza_tests::{Answer, Client, Server, eventually};
use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A mother of two husbands, the later one first; a photo, a sound that is cited for nobody, and a file elsewhere.
const RECORDS: &str = "0 HEAD\n1 GEDC\n2 VERS 7.0\n1 SOUR Test\n2 VERS 1\n\
    0 @I1@ INDI\n1 NAME Sekai /Ncube/\n2 GIVN Sekai\n1 SEX F\n1 DEAT Y\n1 FAMS @F2@\n1 FAMS @F1@\n1 OBJE @O1@\n\
    0 @I2@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 DEAT Y\n1 FAMS @F1@\n\
    0 @I3@ INDI\n1 NAME Farai /Dube/\n1 SEX M\n1 DEAT Y\n1 FAMS @F2@\n\
    0 @I4@ INDI\n1 NAME Rudo /Moyo/\n1 FAMC @F2@\n2 PEDI STEP\n1 FAMC @F1@\n1 _CLAN Shumba\n2 _SINCE before memory\n\
    0 @F2@ FAM\n1 HUSB @I3@\n1 WIFE @I1@\n1 CHIL @I4@\n\
    0 @F1@ FAM\n1 HUSB @I2@\n1 WIFE @I1@\n1 CHIL @I4@\n1 MARR\n2 DATE 1930\n\
    0 @O1@ OBJE\n1 FILE photos/Zo%C3%AB%202.jpg\n2 FORM image/jpeg\n3 MEDI PHOTO\n2 TITL Sekai at the well\n\
    0 @O2@ OBJE\n1 FILE song.txt\n2 FORM text/plain\n1 FILE https://example.org/far.png\n2 FORM image/png\n0 TRLR\n";
const PHOTO: &str = "photos/Zoë 2.jpg";
const SONG: &str = "song.txt";

/// No two bytes of it are like any text.
fn photo() -> Vec<u8> {
    (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// The archive, as another program would write it.
fn archive() -> Vec<u8> {
    zipped(&[
        (PHOTO, &photo(), CompressionMethod::Stored),
        ("gedcom.ged", RECORDS.as_bytes(), CompressionMethod::Deflated),
        (SONG, b"Ndiani achandiudza\r\n", CompressionMethod::Deflated),
    ])
}

fn zipped(entries: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, method) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(*method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What is in an archive, by name.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut found = BTreeMap::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let (name, mut content) = (entry.name().unwrap().into_owned(), Vec::new());
        entry.read_to_end(&mut content).unwrap();
        assert!(found.insert(name, content).is_none(), "two of one name");
    }
    found
}

/// Uploads an archive as the form of the frontend does, and waits until it is imported.
async fn import(owner: &Client, tree: &str, archive: Vec<u8>) -> Value {
    let part = Part::bytes(archive).file_name("sekai.gdz");
    let path = format!("/api/family-trees/{tree}/import/gedcom");
    let sent = owner.request(Method::POST, &path).multipart(Form::new().part("gedcomFile", part));
    let answer: Answer = owner.send(sent).await;
    assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
    let path = format!("/api/family-trees/{tree}/imports/{}", answer.body["importId"].as_str().unwrap());
    eventually("the import", async || {
        let import = owner.get(&path).await.ok(200);
        assert_ne!(import["status"], "failed", "{import}");
        (import["status"] == "completed").then_some(import)
    })
    .await
}

/// The export by a job, as bytes.
async fn by_job(owner: &Client, tree: &str) -> Vec<u8> {
    let asked = json!({ "format": "gedzip" });
    let begun = owner.post(&format!("/api/family-trees/{tree}/exports"), &asked).await.ok(202);
    let path = format!("/api/family-trees/{tree}/exports/{}", begun["id"].as_str().unwrap());
    let made = eventually("the export", async || {
        let now = owner.get(&path).await.ok(200);
        assert_ne!(now["status"], "failed", "{now}");
        (now["status"] == "completed").then_some(now)
    })
    .await;
    owner.as_nobody().get(made["url"].as_str().unwrap()).await.bytes.to_vec()
}

#[tokio::test]
async fn an_archive_comes_in_with_its_files_and_goes_out_with_all_of_them_and_every_line() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, "rudo@example.org").await;
    let stranger = Client::signed_up(&server, "eve@example.org").await;
    let tree = owner.new_tree("Ncube", "private").await;
    let imported = import(&owner, &tree, archive()).await;
    assert_eq!(
        (&imported["individualsImported"], &imported["media"]),
        (&json!(4), &Value::Null),
        "{imported}"
    );

    let listed = owner.get(&format!("/api/family-trees/{tree}/media-objects")).await.ok(200);
    let named: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["files"]).collect();
    assert_eq!(listed["total"], 2, "{listed}");
    assert!(named.iter().any(|files| files[0]["file"] == "photos/Zo%C3%AB%202.jpg"), "{listed}");
    for (file, kept) in [("photos/Zo%C3%AB%202.jpg", photo()), (SONG, b"Ndiani achandiudza\r\n".to_vec())] {
        let item = listed["items"].as_array().unwrap().iter().find(|item| item["files"][0]["file"] == file);
        let path =
            format!("/api/family-trees/{tree}/media-objects/{}", item.unwrap()["id"].as_str().unwrap());
        let urls = owner.get(&path).await.ok(200)["fileUrls"].clone();
        // The address is all that is needed, and only this file has it; what is elsewhere has none.
        let fetched = owner.as_nobody().get(urls[0].as_str().unwrap()).await;
        assert!((fetched.status, fetched.bytes.to_vec()) == (200, kept), "{file} is another");
        owner.get(urls[0].as_str().unwrap().split('?').next().unwrap()).await.problem(404);
        assert_eq!(urls.get(1).unwrap_or(&Value::Null), &Value::Null);
        stranger.get(&path).await.problem(404);
    }

    // An export says in its header who wrote it.
    let signed = RECORDS.replace("SOUR Test\n2 VERS 1\n", "SOUR DzinzaGenealogyPlatform\n2 NAME Dzinza\n");
    let path = format!("/api/family-trees/{tree}/export/gedcom?format=gedzip");
    let direct = owner.get(&path).await;
    assert_eq!(direct.status, 200, "{}", direct.text());
    for bytes in [direct.bytes.to_vec(), by_job(&owner, &tree).await] {
        let mut found = unpacked(&bytes);
        let text = String::from_utf8(found.remove("gedcom.ged").expect("the records")).unwrap();
        assert_eq!(text, signed);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, [PHOTO, SONG]);
        assert!(found[PHOTO] == photo(), "the photo is another");
        assert_eq!(found[SONG], b"Ndiani achandiudza\r\n");
        // And it is an archive that can be imported again.
        let again = owner.new_tree("Again", "private").await;
        owner.upload_gedcom(&again, bytes).await.ok(200);
    }
}

/// One person of 5.5.1 with a picture in place and one in a record, both in the same file.
fn with_pictures(who: &str, picture: &[u8], portrait: &[u8]) -> Vec<u8> {
    let records = format!(
        "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n\
        0 @I1@ INDI\n1 NAME {who} /Moyo/\n1 DEAT Y\n1 OBJE\n2 FILE media\\1.jpg\n3 FORM jpg\n2 TITL {who} in place\n\
        1 OBJE @O1@\n0 @O1@ OBJE\n1 FILE media/1.jpg\n2 FORM jpg\n2 TITL {who} in a record\n\
        0 @O2@ OBJE\n1 FILE portrait.jpg\n2 FORM jpg\n2 TITL {who} alone\n0 TRLR\n"
    );
    zipped(&[
        ("gedcom.ged", records.as_bytes(), CompressionMethod::Deflated),
        ("media/1.jpg", picture, CompressionMethod::Stored),
        ("portrait.jpg", portrait, CompressionMethod::Stored),
    ])
}

/// The content of the file that the media object with this title names, in an archive.
fn pictured(found: &BTreeMap<String, Vec<u8>>, title: &str) -> Vec<u8> {
    let text = std::str::from_utf8(&found["gedcom.ged"]).unwrap();
    let record = text.split("\n0 ").find(|record| record.contains(&format!(" TITL {title}"))).unwrap();
    let name = record.lines().find_map(|line| line.strip_prefix("1 FILE ")).unwrap();
    found[name].clone()
}

#[tokio::test]
async fn pictures_of_two_archives_with_the_same_names_all_go_out_and_come_in_again() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, "rudo@example.org").await;
    let tree = owner.new_tree("Moyo", "private").await;
    import(&owner, &tree, with_pictures("Tendai", b"Tendai 1", b"of both")).await;
    import(&owner, &tree, with_pictures("Sekai", b"Sekai 1", b"of both")).await;
    let first = by_job(&owner, &tree).await;
    let again = owner.new_tree("Again", "private").await;
    import(&owner, &again, first.clone()).await;
    let path = format!("/api/family-trees/{again}/export/gedcom?format=gedzip");
    let second = owner.get(&path).await.bytes.to_vec();
    for bytes in [&first, &second] {
        let found = unpacked(bytes);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["gedcom.ged", "media/1-2.jpg", "media/1.jpg", "portrait.jpg"]);
        for who in ["Tendai", "Sekai"] {
            for title in [format!("{who} in place"), format!("{who} in a record")] {
                assert_eq!(pictured(&found, &title), format!("{who} 1").into_bytes(), "{title}");
            }
            assert_eq!(pictured(&found, &format!("{who} alone")), b"of both");
        }
    }
    assert!(unpacked(&first) == unpacked(&second), "the second export is another");
}
