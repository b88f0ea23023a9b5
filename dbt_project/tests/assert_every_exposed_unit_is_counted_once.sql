-- Units of one variant and units of several make up all units exposed while the plan ran.
with

exposed as (
    select
        experiments.experiment_id,
        count(distinct exposures.unit_id) as n_units
    from {{ ref('stg_exposure') }} as exposures
    inner join {{ source('declared', 'experiment') }} as experiments
        on exposures.experiment_id = experiments.experiment_id
    where
        cast(exposures.exposed_at as date) >= experiments.starts_on
        and cast(exposures.exposed_at as date) <= experiments.ends_on
    group by experiments.experiment_id
),

counted as (
    select
        experiment_id,
        sum(n_units) as n_units
    from (
        select
            experiment_id,
            n_units
        from {{ ref('experiment_unit_counts') }}
        union all
        select
            experiment_id,
            n_units
        from {{ ref('experiment_multiple_exposures') }}
    ) as parts
    group by experiment_id
),

measured as (
    select distinct
        moments.experiment_id,
        moments.variant,
        moments.n_units
    from {{ ref('experiment_moments') }} as moments
    inner join {{ source('declared', 'experiment') }} as experiments
        on moments.experiment_id = experiments.experiment_id
    where moments.segment_name = 'all' and coalesce(experiments.unit, 'customer') = 'customer'
),

assigned as (
    select
        experiment_id,
        variant,
        sum(n_units) as n_units
    from {{ ref('experiment_unit_counts') }}
    group by experiment_id, variant
)

select
    exposed.experiment_id,
    null as variant,
    exposed.n_units,
    counted.n_units as n_units_counted
from exposed
left join counted on exposed.experiment_id = counted.experiment_id
where counted.n_units is null or exposed.n_units <> counted.n_units
union all
select
    measured.experiment_id,
    measured.variant,
    measured.n_units,
    assigned.n_units as n_units_counted
from measured
left join assigned
    on
        measured.experiment_id = assigned.experiment_id
        and measured.variant = assigned.variant
where assigned.n_units is null or measured.n_units <> assigned.n_units
