{#- The catalogue: which fact holds `<metric>_numerator` and `<metric>_denominator`. Adding a metric
    takes two columns on a fact, their meta in its YAML, and one line here. -#}
{% macro metrics() %}
    {{- return({
        'nps': 'fct_survey_responses',
        'csat_top_two_rate': 'fct_survey_responses',
        'csat_mean': 'fct_survey_responses',
        'ces_mean': 'fct_survey_responses',
        'relational_nps': 'fct_survey_responses',
        'relational_csat_top_two_rate': 'fct_survey_responses',
        'relational_csat_mean': 'fct_survey_responses',
        'relational_ces_mean': 'fct_survey_responses',
        'transactional_nps': 'fct_survey_responses',
        'transactional_csat_top_two_rate': 'fct_survey_responses',
        'transactional_csat_mean': 'fct_survey_responses',
        'transactional_ces_mean': 'fct_survey_responses',
        'survey_invite_rate': 'fct_survey_eligibilities',
        'survey_delivery_rate': 'fct_invitations',
        'survey_open_rate': 'fct_invitations',
        'survey_response_rate': 'fct_invitations',
        'first_reply_calendar_minutes': 'fct_interactions',
        'resolution_calendar_minutes': 'fct_interactions',
        'repeat_contact_rate': 'fct_interactions',
        'ticket_reopen_rate': 'fct_interactions',
        'first_reply_business_minutes': 'fct_interactions',
        'resolution_business_minutes': 'fct_interactions',
        'customer_wait_calendar_minutes': 'fct_interactions',
        'customer_wait_business_minutes': 'fct_interactions',
        'sla_first_reply_rate': 'fct_interactions',
        'sla_resolution_rate': 'fct_interactions',
        'first_contact_resolution_rate': 'fct_interactions',
        'contacts_per_issue': 'fct_interactions',
        'call_abandonment_rate': 'fct_interactions',
        'call_wait_calendar_minutes': 'fct_interactions',
        'call_silence_share': 'fct_interactions',
        'flagged_call_rate': 'fct_interactions',
        'required_statement_rate': 'fct_call_statements',
        'self_resolution_rate': 'fct_web_sessions',
        'repeat_purchase_rate': 'fct_orders',
        'late_delivery_rate': 'fct_orders',
        'average_order_value': 'fct_orders',
        'renewal_rate': 'fct_outcomes',
        'gross_revenue_retention': 'fct_outcomes',
        'net_revenue_retention': 'fct_outcomes',
        'win_rate': 'fct_outcomes',
        'win_value_rate': 'fct_outcomes',
        'referral_rate': 'fct_outcomes',
        'customer_goal_attainment_rate': 'fct_outcomes',
        'monthly_churn_rate': 'fct_customer_months',
        'monthly_active_days': 'fct_usage',
        'customer_lifetime_value': 'fct_customer_lifetimes',
        'monthly_revenue_per_customer': 'fct_customer_value',
        'monthly_purchases_per_customer': 'fct_customer_value',
        'monthly_referrer_rate': 'fct_customer_value',
        'monthly_cost_to_serve': 'fct_customer_value',
        'cost_per_contact': 'fct_contact_costs',
        'repeat_contact_cost': 'fct_contact_costs',
        'customer_acquisition_cost': 'fct_acquisitions',
        'employee_nps': 'fct_employee_answers',
        'employee_rating_mean': 'fct_employee_answers',
    }) -}}
{% endmacro %}

{#- The scores of answers of any population. Each also stands as relational_ and transactional_. -#}
{% macro plain_scores() %}
    {{- return(['nps', 'csat_top_two_rate', 'csat_mean', 'ces_mean']) -}}
{% endmacro %}

{#- How each fact is dated. `ends_on` is the day after a period that the row sums up: only whole
    periods count inside a window. `is_answer` facts are weighted for nonresponse. -#}
{% macro facts() %}
    {{- return({
        'fct_survey_responses': {
            'id': 'response_id', 'at': 'responded_at', 'date': 'responded_date', 'is_answer': true,
        },
        'fct_survey_eligibilities': {
            'id': 'invitation_id', 'at': 'eligible_at', 'date': 'eligible_date',
        },
        'fct_invitations': {'id': 'invitation_id', 'at': 'invited_at', 'date': 'invited_date'},
        'fct_interactions': {'id': 'interaction_id', 'at': 'opened_at', 'date': 'opened_date'},
        'fct_call_statements': {
            'id': 'interaction_id', 'at': 'checked_at', 'date': 'checked_date',
        },
        'fct_web_sessions': {'id': 'session_id', 'at': 'started_at', 'date': 'started_date'},
        'fct_orders': {'id': 'order_id', 'at': 'ordered_at', 'date': 'ordered_date'},
        'fct_outcomes': {'id': 'outcome_id', 'at': 'due_at', 'date': 'due_date'},
        'fct_customer_months': {
            'id': 'customer_id', 'at': 'month_start_date', 'date': 'month_start_date',
            'ends_on': 'next_month_date',
        },
        'fct_usage': {
            'id': 'customer_id', 'at': 'month_start_date', 'date': 'month_start_date',
            'ends_on': 'next_month_date',
        },
        'fct_customer_lifetimes': {
            'id': 'customer_id', 'at': 'half_year_start_date', 'date': 'half_year_start_date',
            'ends_on': 'next_half_year_date',
        },
        'fct_customer_value': {
            'id': 'customer_id', 'at': 'month_start_date', 'date': 'month_start_date',
            'ends_on': 'next_month_date',
        },
        'fct_contact_costs': {'id': 'interaction_id', 'at': 'opened_at', 'date': 'opened_date'},
        'fct_acquisitions': {'id': 'customer_id', 'at': 'joined_at', 'date': 'joined_date'},
        'fct_employee_answers': {
            'id': 'response_id', 'at': 'responded_at', 'date': 'responded_date',
        },
    }) -}}
{% endmacro %}

{#- The two columns of a metric: null and null where it does not apply to the row. -#}
{% macro metric_pair(metric, applies, value) -%}
case when {{ applies }} then {{ to_double(value) }} end as {{ metric }}_numerator,
        case when {{ applies }} then {{ to_double(1) }} end as {{ metric }}_denominator
{%- endmacro %}

{#- The same where rows weigh by what is at stake in them, as money does. -#}
{% macro ratio_pair(metric, applies, numerator, denominator) -%}
case when {{ applies }} then {{ to_double(numerator) }} end as {{ metric }}_numerator,
        case when {{ applies }} then {{ to_double(denominator) }} end as {{ metric }}_denominator
{%- endmacro %}

{% macro one_if(condition) -%}
case when {{ condition }} then 1 else 0 end
{%- endmacro %}

{#- Whether a row lies in the window from an exposure on or in the period before it. A row that sums up
    a period must lie in one of them whole. -#}
{% macro is_in_windows(fact, dated, unit) -%}
{{ fact }}.{{ dated.at }} >= {{ unit }}.pre_period_starts_at
            {%- if dated.ends_on %}
            and (
                {{ fact }}.{{ dated.ends_on }} <= {{ unit }}.exposed_at
                or (
                    {{ fact }}.{{ dated.at }} >= {{ unit }}.exposed_at
                    and {{ fact }}.{{ dated.ends_on }} <= {{ unit }}.window_ends_at
                )
            )
            {%- else %}
            and {{ fact }}.{{ dated.at }} < {{ unit }}.window_ends_at
            {%- endif %}
{%- endmacro %}

{#- What an experiment may assign instead of single customers, and the column of dim_customers that says
    to which of them a customer belongs. -#}
{% macro cluster_units() %}
    {{- return({'account': 'account_id', 'region': 'region'}) -}}
{% endmacro %}
