//! Files of archives: each goes along with the records that mean it, whatever other files have its name.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use dzinza_domain::collections::{GEDCOM_RECORDS, IMPORTS};
use dzinza_domain::import;
use dzinza_gedcom::gedzip::{Archive, Compression, Writer};
use serde_json::json;

use crate::exports::{ask_anew, file};
use crate::world::World;

/// A person with a picture in place, and media objects: pointer, file, title.
fn records(objects: &[[&str; 3]]) -> String {
    let cited: Vec<String> = objects.iter().map(|[xref, ..]| format!("1 OBJE {xref}\n")).collect();
    let objects = objects.iter().map(|[xref, file, title]| {
        format!("0 {xref} OBJE\n1 FILE {file}\n2 FORM image/jpeg\n2 TITL {title}\n")
    });
    format!(
        "0 HEAD\n1 GEDC\n2 VERS 7.0\n0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 DEAT Y\n{}\
        1 _PORTRAIT\n2 FILE media/own.jpg\n{}0 TRLR\n",
        cited.concat(),
        objects.collect::<Vec<_>>().concat()
    )
}

fn archive(records: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    writer.gedcom().unwrap().write_all(records.as_bytes()).unwrap();
    for (name, content) in files {
        writer.media(name, Compression::Stored).unwrap().write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap()
}

/// The export: its records, and its files by name.
async fn exported(world: &World) -> (String, BTreeMap<String, String>) {
    ask_anew(world, &json!({ "format": "gedzip" })).await;
    let mut archive = Archive::open(Cursor::new(file(world).await.unwrap())).unwrap();
    let (mut records, mut files) = (String::new(), BTreeMap::new());
    archive.gedcom().unwrap().read_to_string(&mut records).unwrap();
    for medium in archive.list().collect::<Vec<_>>() {
        let mut content = String::new();
        archive.named(&medium.name).unwrap().unwrap().read_to_string(&mut content).unwrap();
        files.insert(medium.name, content);
    }
    (records, files)
}

/// What the media object with this title and the person's portrait are in an export.
fn seen<'e>((records, files): &'e (String, BTreeMap<String, String>), title: &str) -> &'e str {
    let end = if title == "portrait" { "1 _PORTRAIT\n".to_owned() } else { format!("2 TITL {title}\n") };
    let at = records.find(&end).unwrap();
    let (before, after) = records.split_at(at);
    let from = if title == "portrait" { after } else { &before[before.rfind("0 @").unwrap()..] };
    let line = from.lines().find_map(|line| line.split_once(" FILE ")).unwrap().1;
    &files[line]
}

const OLDER: [[&str; 3]; 3] =
    [["@O1@", "media/1.jpg", "Tendai"], ["@O2@", "media/2.jpg", "Well"], ["@O3@", "media/3.jpg", "Hut"]];

async fn with_older() -> World {
    let world = World::new().await;
    let files =
        [("media/1.jpg", "T1"), ("media/2.jpg", "W1"), ("media/3.jpg", "H1"), ("media/own.jpg", "P1")];
    world.import("i1", &archive(&records(&OLDER), &files)).await;
    world
}

#[tokio::test]
async fn two_archives_with_the_same_names_go_out_as_one_with_all_of_their_files() {
    let world = with_older().await;
    let alone = exported(&world).await;
    assert_eq!(alone.1.len(), 4);
    let other = [["@O1@", "media/1.jpg", "Rudo"], ["@O2@", "media/2.jpg", "Same well"]];
    let files = [("media/1.jpg", "R1"), ("media/2.jpg", "W1"), ("media/own.jpg", "P2")];
    world.import("i2", &archive(&records(&other), &files)).await;
    let both = exported(&world).await;
    for (title, content) in [("Tendai", "T1"), ("Well", "W1"), ("Rudo", "R1"), ("Same well", "W1")] {
        assert_eq!(seen(&both, title), content, "{title}");
    }
    let names: Vec<&str> = both.1.keys().map(String::as_str).collect();
    let beside = ["media/1-2.jpg", "media/own-2.jpg"];
    assert_eq!(names, [beside[0], "media/1.jpg", "media/2.jpg", "media/3.jpg", beside[1], "media/own.jpg"]);
    // Nothing else is different, and the same is asked again.
    assert!(both.0.starts_with(alone.0.strip_suffix("0 TRLR\n").unwrap()), "{}", both.0);
    let plain = both.0.replace("-2.jpg", ".jpg").replace("-2@", "@");
    let own = records(&other);
    assert!(plain.ends_with(&own[own.find("0 @I1@").unwrap()..]), "{plain}");
    assert_eq!(exported(&world).await, both);
    // What came out comes in again, and goes out as it is.
    let again = World::new().await;
    let files: Vec<(&str, &str)> = both.1.iter().map(|(name, content)| (&**name, &**content)).collect();
    again.import("i3", &archive(&both.0, &files)).await;
    assert_eq!(exported(&again).await, both);
}

#[tokio::test]
async fn records_mean_the_files_of_the_newer_version_that_has_them_until_it_is_undone() {
    let world = with_older().await;
    let before = exported(&world).await;
    // The picture of the hut is gone from the file, and its name is another's.
    let newer = [
        ["@O1@", "media/1.jpg", "Tendai"],
        ["@O2@", "media/2.jpg", "Well"],
        ["@O4@", "media/3.jpg", "Cattle"],
    ];
    let files =
        [("media/1.jpg", "T2"), ("media/2.jpg", "W1"), ("media/3.jpg", "C2"), ("media/own.jpg", "P2")];
    world.look_at("i2", &archive(&records(&newer), &files), "update", Some("i1"), false).await;
    assert_eq!(exported(&world).await, before);
    world.apply("i2").await;
    let after = exported(&world).await;
    for (title, content) in
        [("Tendai", "T2"), ("Well", "W1"), ("Hut", "H1"), ("Cattle", "C2"), ("portrait", "P2")]
    {
        assert_eq!(seen(&after, title), content, "{title}");
    }
    assert_eq!(after.1.len(), 5);
    // What has the same file as before is not even noted.
    let meant = world.get(&IMPORTS, "i2").await.body[import::MEDIA_FOR].clone();
    assert_eq!(meant.as_array().unwrap().len(), 2, "{meant}");
    world.undo("i2").await;
    assert_eq!(exported(&world).await, before);
}

#[tokio::test]
async fn what_looks_the_same_in_another_archive_is_not_taken_for_it() {
    let world = with_older().await;
    let other = archive(&records(&[["@X1@", "media/9.jpg", "Nobody"]]), &[("media/9.jpg", "N1")]);
    world.import("i2", &other).await;
    let newer: Vec<[&str; 3]> = OLDER.into_iter().chain([["@O9@", "media/9.jpg", "Nobody"]]).collect();
    let files = [("media/9.jpg", "N2")];
    world.look_at("i3", &archive(&records(&newer), &files), "update", Some("i1"), false).await;
    world.apply("i3").await;
    assert_eq!(world.all(&GEDCOM_RECORDS).await.iter().filter(|one| one.body["tag"] == "OBJE").count(), 5);
    let all = exported(&world).await;
    let named: Vec<&str> =
        all.1.iter().filter(|(_, content)| content.starts_with('N')).map(|(_, c)| &**c).collect();
    assert_eq!(named.len(), 2, "{all:?}");
    assert_eq!(seen(&all, "Tendai"), "T1");
}
