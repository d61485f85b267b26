//! Several statements that look at one moment.

use crossover_core::{
    ports::{Moment, PortError, Rows},
    rows::{Hashing, Region, TableForm},
};
use crossover_stand::postgres::Major;

use crate::side::{Side, table};

fn form() -> TableForm {
    TableForm {
        table: table("orders"),
        partitioned: false,
        columns: Vec::new(),
        key: Vec::new(),
        hashing: Hashing::TypedHash,
        seed: 1,
        condition: None,
    }
}

#[tokio::test]
async fn a_moment_that_is_gone_calls_for_beginning_again() {
    for major in Major::ALL {
        let side = Side::on(major).await;
        side.owner(&format!(
            "create table shop.orders (id int); insert into shop.orders values (1); grant select on shop.orders to {}",
            side.own()
        ))
        .await;
        let db = side.crossover().await;
        let moment = db.moment().await.unwrap();
        side.owner("insert into shop.orders values (2)").await;
        let then = db
            .digest(&form(), &Region::Whole, 1, Some(&moment))
            .await
            .unwrap();
        assert_eq!(then[&0].rows, 1, "{major:?}");

        let gone = Moment {
            id: moment.id.clone(),
            kept_by: Box::new(()),
        };
        drop(moment);
        // Its session ends a little later.
        let error = loop {
            match db.digest(&form(), &Region::Whole, 1, Some(&gone)).await {
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                Err(error) => break error,
            }
        };
        assert!(
            matches!(&error, PortError::Unreachable { .. }) && error.to_string().contains("moment"),
            "{error}"
        );
    }
}
