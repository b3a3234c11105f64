#include "beyond/shared/statements.h"

// fillfactor: a changed row finds room in its own page, and as no index has
// `seq`, none must change (a heap-only tuple: postgresql.org/docs/15,
// "Heap-Only Tuples"). Names are compared byte by byte: the same order for all.
const char statements_tables[] =
    "create table slot(n int primary key, seq bigint, id text,"
    "  who text, action text, amount bigint, at timestamptz)"
    "  with (fillfactor = 20);"
    "create sequence seq;"
    "create table accepted(id text collate \"C\" primary key,"
    "  who text not null, action text not null, amount bigint not null,"
    "  at timestamptz not null default now());"
    "create index on accepted using brin (at);"
    "create table balance(who text collate \"C\" primary key,"
    "  amount bigint not null) with (fillfactor = 20);"
    "create table about(version int not null, capacity int not null,"
    "  admission text not null)";

// An offer is one statement, and so one transaction. It says
//
//     accepted   it took a slot; committed when the server is ready again
//     repeated   this key was accepted before, with this event
//     reused     this key was accepted before, with another event
//     again      this key was accepted while the statement ran: run it again,
//                because only a new snapshot shows with which event
//     full       no slot is free; nothing was stored
//
// An offer without a key leaves nothing in `accepted`.
//
// `for key share` writes to the log, and so the commit waits for a synchronous
// standby. Without it a repeated offer only reads. It could be a 202 for what
// the standby does not have: a session that ends while its commit waits for the
// standby leaves the row visible (syncrep.c, SyncRepWaitForLSN).
#define OFFER(condition)                                                       \
    "prepare offer(text, text, text, bigint) as"                               \
    " with k as (select who = $2 and action = $3 and amount = $4 as same"      \
    "            from accepted where id = $1 for key share),"                  \
    " s as (select n from slot"                                                \
    "       where seq is null and not exists (select from k)" condition        \
    "       limit 1 for update skip locked),"                                  \
    " a as (insert into accepted(id, who, action, amount)"                     \
    "       select $1, $2, $3, $4 from s where $1 is not null"                 \
    "       on conflict do nothing returning id),"                             \
    " u as (update slot set seq = nextval('seq'), id = $1, who = $2,"          \
    "         action = $3, amount = $4, at = clock_timestamp()"                \
    "       from s where slot.n = s.n and"                                     \
    "         ($1 is null or exists (select from a)) returning 1)"             \
    " select case when exists (select from u) then 'accepted'"                 \
    "             when (select same from k) then 'repeated'"                   \
    "             when exists (select from k) then 'reused'"                   \
    "             when exists (select from s) then 'again'"                    \
    "             else 'full' end;"

// balances: one row more than $1 says that there are too many to list.
// expire: some of the keys that are older than $1 hours; says how many.
#define READING                                                                \
    "prepare balance(text) as select amount from balance where who = $1;"      \
    "prepare balances(int) as"                                                 \
    " select count(*), string_agg(to_json(who)::text || ':' || amount, ','"    \
    "                             order by who collate \"C\")"                 \
    " from (select who, amount from balance limit $1 + 1) listed;"             \
    "prepare waiting as select count(*) from slot where seq is not null;"      \
    "prepare expire(int) as"                                                   \
    " with old as (select ctid from accepted"                                  \
    "              where at < now() - $1 * interval '1 hour' limit 1000),"     \
    " gone as (delete from accepted"                                           \
    "          where ctid = any (array(select ctid from old)) returning 1)"    \
    " select count(*) from gone;"

const char statements_front[] = OFFER("") READING;

// Wrong: between the count and the commit, other offers count as well, and each
// finds the same free slot. There are more slots than the capacity, or the lack
// of slots would hide it.
const char statements_front_counting[] =
    OFFER(" and (select count(*) from slot where seq is not null) <"
          "     (select capacity from about)") READING;

// A balance that would overflow does not change, and apply returns no row. In
// apply_several an overflow is an error (22003), and nothing is applied.
//
// Two workers that change several balances must do it in the same order, or
// each waits for the other (a deadlock): so `g` is in the order of the names.
// The window gives each event the balance after it, for the worker's line.
const char statements_worker[] =
    "prepare take as"
    " select n, who, action, amount,"
    "   extract(epoch from clock_timestamp() - at) from slot"
    " where seq is not null order by seq limit 1 for update skip locked;"
    "prepare apply(int, text, bigint) as"
    " with u as (update slot set seq = null where n = $1)"
    " insert into balance values ($2, $3)"
    " on conflict (who) do update set amount = balance.amount + $3"
    "   where balance.amount::numeric + $3"
    "     between -9223372036854775808 and 9223372036854775807"
    " returning amount;"
    "prepare apply_several(int) as"
    " with j as (select n, seq, who, amount, at from slot"
    "   where seq is not null order by seq limit $1 for update skip locked),"
    " u as (update slot set seq = null from j where slot.n = j.n),"
    " g as (select who, sum(amount)::bigint as amount from j"
    "       group by who order by who collate \"C\"),"
    " b as (insert into balance select who, amount from g"
    "       on conflict (who) do update"
    "         set amount = balance.amount + excluded.amount"
    "       returning who, amount)"
    " select j.who, j.amount,"
    "   (b.amount - sum(j.amount) over later + j.amount)::bigint,"
    "   extract(epoch from clock_timestamp() - j.at)"
    " from j join b using (who)"
    " window later as (partition by j.who order by j.seq desc)"
    " order by j.seq;";
