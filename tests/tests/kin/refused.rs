//! What is refused, and with which words.

use dzinza_tests::Client;
use serde_json::json;

use crate::family::Family;

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let family = Family::moyo().await;
    for (path, field) in [
        ("/api/persons/{Ruva}/ancestors?generations=0", "generations"),
        ("/api/persons/{Ruva}/ancestors?generations=11", "generations"),
        ("/api/persons/{Ruva}/descendants?generations=many", "generations"),
        ("/api/persons/{Ruva}/descendants?lines=blood", "lines"),
        ("/api/persons/{Ruva}/ancestors/all?generations=1001", "generations"),
        ("/api/persons/{Ruva}/ancestors/all?lines=step", "lines"),
        ("/api/persons/{Ruva}/descendants/all?limit=1001", "limit"),
        ("/api/persons/{Ruva}/descendants/all?page=0", "page"),
        ("/api/persons/{Ruva}/relationship/{Farai}?lang=fr", "lang"),
        ("/api/persons/{Ruva}/relationship/{Farai}?coefficients=perhaps", "coefficients"),
        ("/api/persons/{Ruva}/relationship/{Farai}/paths?cursor=1", "cursor"),
        ("/api/persons/{Ruva}/relationship/{Farai}/paths?cursor=%F0%9F%92%A9", "cursor"),
        ("/api/persons/{Ruva}/relationship/{Farai}/paths?limit=101", "limit"),
        ("/api/persons/{Ruva}/relationship/{Farai}/paths?lines=blood", "lines"),
        ("/api/persons/{Ruva}/relationship/{Farai}/paths?marriages=2", "marriages"),
        ("/api/persons/{Ruva}/relatives?degrees=21", "degrees"),
        ("/api/persons/{Ruva}/relatives?degrees=-1", "degrees"),
        ("/api/persons/{Ruva}/relatives?partners=maybe", "partners"),
        ("/api/persons/{Ruva}/relatives?limit=501", "limit"),
        ("/api/family-trees/{tree}/kinship/islands?limit=0", "limit"),
        ("/api/family-trees/{tree}/kinship/problems?limit=501", "limit"),
        ("/api/family-trees/{tree}/kinship/consanguinity?page=-1", "page"),
        ("/api/relationships/family-tree/{tree}/chart?generations=9", "generations"),
    ] {
        family.ask(path).await.field(field);
    }
}

#[tokio::test]
async fn persons_of_another_tree_and_of_none_are_not_found() {
    let family = Family::moyo().await;
    let nobody = "01a20784-3d50-74f9-9661-553000000002";
    let other_tree = family.owner.new_tree("Another", "private").await;
    let fields = json!({ "firstName": "Eve", "familyTreeId": other_tree });
    let elsewhere = family.owner.new_member(&fields).await;
    for id in [nobody, elsewhere.as_str()] {
        for path in [
            format!("/api/persons/{{Ruva}}/relationship/{id}"),
            format!("/api/persons/{{Ruva}}/relationship/{id}/paths"),
            format!("/api/relationships/family-tree/{{tree}}/chart?rootPersonId={id}"),
        ] {
            family.ask(&path).await.problem(404);
        }
    }
    // Of one tree and not of the other, from whichever side.
    family.ask(&format!("/api/persons/{elsewhere}/relationship/{{Ruva}}")).await.problem(404);
    let stranger = Client::signed_up(&family.server, "stranger@example.org").await;
    for path in [
        "ancestors",
        "descendants",
        "ancestors/all",
        "descendants/all",
        "relatives",
        "relationship/{Farai}",
        "relationship/{Farai}/paths",
    ] {
        family.ask(&format!("/api/persons/{nobody}/{path}")).await.problem(404);
        stranger.get(&family.path(&format!("/api/persons/{{Ruva}}/{path}"))).await.problem(404);
        stranger.as_nobody().get(&family.path(&format!("/api/persons/{{Ruva}}/{path}"))).await.problem(401);
    }
    for path in ["islands", "problems", "consanguinity"] {
        stranger.get(&family.path(&format!("/api/family-trees/{{tree}}/kinship/{path}"))).await.problem(404);
    }
    stranger.get(&family.path("/api/relationships/suggestions/{Ruva}")).await.problem(404);
}

#[tokio::test]
async fn an_empty_tree_has_nothing_to_tell() {
    let family = Family::new("", "private").await;
    for (list, key) in [("islands", "islands"), ("problems", "problems"), ("consanguinity", "persons")] {
        let told = family.get(&format!("/api/family-trees/{{tree}}/kinship/{list}")).await;
        assert_eq!((&told[key], &told["total"]), (&json!([]), &json!(0)), "{list}");
    }
    let close = family.get("/api/family-trees/{tree}/kinship/consanguinity").await;
    assert_eq!(close["mean"].to_string(), "0.0");
    family.ask("/api/relationships/family-tree/{tree}/chart").await.problem(404);
}
