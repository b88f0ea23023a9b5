{{ config(severity='warn') }}
select *
from {{ ref('source_freshness') }}
where not is_fresh
