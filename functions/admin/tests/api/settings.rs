use serde_json::json;

use crate::support::House;

const PATH: &str = "/api/admin/settings";

#[tokio::test]
async fn the_first_who_asks_finds_the_defaults_written_down() {
    let house = House::new().await;
    assert!(house.ports.site.store().read().await.unwrap().is_none());
    let shown = house.get(PATH).await.ok();
    let now = shown["createdAt"].clone();
    assert_eq!(
        shown,
        json!({ "_id": "global_settings", "siteName": "Dzinza", "maintenanceMode": false, "allowNewRegistrations": true,
            "defaultLanguage": "en", "contactEmail": null, "featureFlags": {}, "updatedBy": null,
            "createdAt": now, "updatedAt": now })
    );
    assert!(now.as_str().unwrap().ends_with('Z'));
    assert_eq!(house.ports.site.store().read().await.unwrap().unwrap().version, 1);
    assert_eq!(house.get(PATH).await.ok(), shown);
}

#[tokio::test]
async fn a_part_is_changed_recorded_by_name_and_in_force() {
    let house = House::new().await;
    assert!(!house.ports.site.settings().await.maintenance);
    let form = json!({ "siteName": " Mhuri ", "maintenanceMode": true, "featureFlags": { "dna": true }, "contactEmail": "Help@B.zw" });
    let shown = house.put(PATH, form).await.ok();
    assert_eq!((&shown["siteName"], &shown["contactEmail"]), (&json!("Mhuri"), &json!("help@b.zw")));
    assert_eq!(
        (&shown["allowNewRegistrations"], &shown["updatedBy"]),
        (&json!(true), &json!(house.admin.id))
    );
    assert!(house.ports.site.settings().await.maintenance, "a change here is known here at once");
    let entry = &house.recorded(&house.admin).await[0];
    assert_eq!(entry.action, "ADMIN_SETTINGS_UPDATED");
    let fields = ["siteName", "maintenanceMode", "contactEmail", "featureFlags"];
    assert_eq!(entry.details, json!({ "fields": fields }));
    let cleared = house.put(PATH, json!({ "contactEmail": "", "featureFlags": {} })).await.ok();
    assert_eq!((&cleared["contactEmail"], &cleared["featureFlags"]), (&json!(null), &json!({})));
    assert_eq!(house.get(PATH).await.ok(), cleared);
    assert_eq!(house.put(PATH, cleared.clone()).await.ok(), cleared);
    assert_eq!(house.recorded(&house.admin).await.len(), 2, "nothing changed, nothing recorded");
}

#[tokio::test]
async fn what_breaks_a_rule_is_named() {
    let house = House::new().await;
    for (form, field) in [
        (json!({ "siteName": "" }), "siteName"),
        (json!({ "maintenanceMode": "on" }), "maintenanceMode"),
        (json!({ "allowNewRegistrations": 1 }), "allowNewRegistrations"),
        (json!({ "defaultLanguage": "fr" }), "defaultLanguage"),
        (json!({ "contactEmail": "x" }), "contactEmail"),
        (json!({ "featureFlags": { "dna": "yes" } }), "featureFlags.dna"),
    ] {
        assert_eq!(house.put(PATH, form.clone()).await.field(), field, "{form}");
    }
    assert!(house.recorded(&house.admin).await.is_empty());
}

#[tokio::test]
async fn of_twenty_changes_at_once_none_is_lost() {
    let house = House::new().await;
    let changes = (0..20).map(|number| {
        let house = house.clone();
        // Each changes another setting's part: names all its own, so the last one's list stands; the switches stay.
        let form = match number {
            0 => json!({ "maintenanceMode": true }),
            1 => json!({ "allowNewRegistrations": false }),
            2 => json!({ "defaultLanguage": "nd" }),
            _ => json!({ "siteName": format!("Name {number}") }),
        };
        tokio::spawn(async move { house.put(PATH, form).await.status })
    });
    for change in changes.collect::<Vec<_>>() {
        assert_eq!(change.await.unwrap(), 200);
    }
    let shown = house.get(PATH).await.ok();
    assert_eq!(
        (&shown["maintenanceMode"], &shown["allowNewRegistrations"], &shown["defaultLanguage"]),
        (&json!(true), &json!(false), &json!("nd"))
    );
    assert!(shown["siteName"].as_str().unwrap().starts_with("Name "));
}

#[tokio::test]
async fn what_another_process_changes_is_known_within_five_seconds() {
    let house = House::new().await;
    assert!(!house.ports.site.settings().await.maintenance);
    let data = json!({ "maintenanceMode": true, "ofAnotherVersion": 1 });
    let now = dzinza_ports::Clock::now(&*house.clock);
    house.ports.site.store().write(data, None, 0, now).await.unwrap();
    house.clock.advance(std::time::Duration::from_secs(6));
    assert!(house.ports.site.settings().await.maintenance);
    house.put(PATH, json!({ "siteName": "Mhuri" })).await.ok();
    let stored = house.ports.site.store().read().await.unwrap().unwrap();
    assert_eq!((stored.version, &stored.data["ofAnotherVersion"]), (2, &json!(1)));
}
