//! Graphs of shapes that break what recurses, or looks twice.

use super::*;

const DEPTH: usize = 100_000;

#[test]
fn a_graph_of_any_depth_is_walked_to_its_end() {
    let drvs: Vec<_> = (0..DEPTH).map(|at| path(&format!("{at}.drv"))).collect();
    let last = Line::parse("last: @patch").derivation();
    let mut read = |drv: &StorePath| {
        let at: usize = drv.name().trim_end_matches(".drv").parse().unwrap();
        let inputs = drvs.get(at + 1).map(|next| vec![(next.clone(), vec!["out".into()])]);
        Ok(inputs.map_or_else(|| last.clone(), |inputs| Derivation { inputs, sources: Vec::new(), ..last.clone() }))
    };
    let mut graph = Graph::default();
    graph.add(&drvs[0], &mut read).unwrap();
    let output = |drv: &StorePath| OutputRequest { derivation: Some(drv.to_string()), ..OutputRequest::default() };

    let mut request = Request { outputs: vec![output(&drvs[0])], ..Request::default() };
    assert_eq!(plan(&request, &graph, &Own::default()).unwrap().needed(), ["last"], "if it is somebody else's");

    // An output at its end: else there would be as many results, each with its chain.
    request.outputs.push(output(&drvs[DEPTH - 1]));
    let plan = plan(&request, &graph, &Own { derivations: vec![true; DEPTH], ..Own::default() }).unwrap();
    assert_eq!(plan.own.len(), DEPTH - 2);
    assert_eq!(plan.needed(), ["@patch"]);
}

#[test]
fn ways_that_part_and_meet_again_are_walked_once() {
    // 2^64 ways.
    let mut text = String::from("output app: l0 r0\nown l64: gcc\nown r64: gcc\n");
    for at in 0..64 {
        let next = at + 1;
        text += &format!("own l{at}: l{next} r{next}\nown r{at}: l{next} r{next}\n");
    }
    let plan = plan_of(&text);
    assert_eq!(plan.needed(), ["gcc"]);
    assert_eq!(plan.results().len(), 130);
}
