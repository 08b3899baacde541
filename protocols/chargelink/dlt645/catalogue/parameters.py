"""Class 04, parameters (DL/T 645-2007, table A.5, with State Grid's supplements)."""

from chargelink.dlt645.catalogue.row import Access, Row
from chargelink.dlt645.catalogue.status import STATUS_1, STATUS_2, STATUS_3, STATUS_7, STATUS_PHASE
from chargelink.dlt645.forms import Ascii, Bits, Digits, Field, Listed, Moment, Number
from chargelink.dlt645.forms.unit import KW, MILLISECOND, MINUTE, PER_KVARH, PER_KWH, VOLT

SETTABLE = Access.READ_WRITE
COUNT = Number(1)
WORD = Bits(1)
BAUD = Bits(
    1,
    (
        Field(1, "600", "600"),
        Field(2, "1200", "1200"),
        Field(3, "2400", "2400"),
        Field(4, "4800", "4800"),
        Field(5, "9600", "9600"),
        Field(6, "19200", "19200"),
    ),
)

CLOCK = (
    Row("04000101", "date", "日期及星期", Moment("YYMMDDWW"), SETTABLE),
    Row("04000102", "time", "时间", Moment("hhmmss"), SETTABLE),
    Row("0400010C", "date_time", "日期时间", Moment("YYMMDDWWhhmmss"), SETTABLE),
    Row("040001FF", "date", "日期及时间", Moment("YYMMDDWW"), block=("04000101", "04000102")),
    Row("04000103", "demand_period", "最大需量周期", Number(1, 0, MINUTE), SETTABLE),
    Row("04000104", "demand_slide_time", "滑差时间", Number(1, 0, MINUTE), SETTABLE),
    Row("04000105", "calibration_pulse_width", "校表脉冲宽度", Number(2, 0, MILLISECOND), SETTABLE),
    Row("04000106", "zone_table_switch_time", "两套时区表切换时间", Moment("YYMMDDhhmm"), SETTABLE),
    Row("04000107", "day_table_switch_time", "两套日时段表切换时间", Moment("YYMMDDhhmm"), SETTABLE),
    Row("04000201", "year_zone_count", "年时区数", COUNT, SETTABLE),
    Row("04000202", "day_table_count", "日时段表数", COUNT, SETTABLE),
    Row("04000203", "day_slot_count", "日时段数", COUNT, SETTABLE),
    Row("04000204", "tariff_count", "费率数", COUNT, SETTABLE),
    Row("04000205", "holiday_count", "公共假日数", Number(2), SETTABLE),
    Row("04000303", "energy_display_decimals", "显示电能小数位数", COUNT, SETTABLE),
    Row("04000304", "power_display_decimals", "显示功率小数位数", COUNT, SETTABLE),
    Row("04000306", "current_transformer_ratio", "电流互感器变比", Number(3), SETTABLE),
    Row("04000307", "voltage_transformer_ratio", "电压互感器变比", Number(3), SETTABLE),
)

IDENTITY = (
    Row("04000401", "communication_address", "通信地址", Digits(6), SETTABLE),
    Row("04000402", "meter_number", "表号", Digits(6), SETTABLE),
    Row("04000403", "asset_code", "资产管理编码", Ascii(32), SETTABLE),
    Row("04000404", "rated_voltage", "额定电压", Ascii(6)),
    Row("04000405", "rated_current", "额定电流/基本电流", Ascii(6)),
    Row("04000406", "maximum_current", "最大电流", Ascii(6)),
    Row("04000407", "active_accuracy_class", "有功准确度等级", Ascii(4)),
    Row("04000408", "reactive_accuracy_class", "无功准确度等级", Ascii(4)),
    Row("04000409", "active_constant", "电表有功常数", Number(3, 0, PER_KWH)),
    Row("0400040A", "reactive_constant", "电表无功常数", Number(3, 0, PER_KVARH)),
    Row("0400040B", "meter_model", "电表型号", Ascii(10)),
    Row("0400040C", "production_date", "生产日期", Ascii(10)),
    Row("0400040D", "protocol_version", "协议版本号", Ascii(16)),
    Row("04800001", "software_version", "厂家软件版本号", Ascii(32)),
    Row("04800002", "hardware_version", "厂家硬件版本号", Ascii(32)),
    Row("04800003", "maker_number", "厂家编号", Ascii(32)),
)

STATUS = (
    Row("04000501", "status_word_1", "电表运行状态字1", STATUS_1),
    Row("04000502", "status_word_2", "电表运行状态字2", STATUS_2),
    Row("04000503", "status_word_3", "电表运行状态字3", STATUS_3),
    Row("04000504", "status_word_4", "电表运行状态字4（A相故障）", STATUS_PHASE),
    Row("04000505", "status_word_5", "电表运行状态字5（B相故障）", STATUS_PHASE),
    Row("04000506", "status_word_6", "电表运行状态字6（C相故障）", STATUS_PHASE),
    Row("04000507", "status_word_7", "电表运行状态字7（合相故障）", STATUS_7),
    Row(
        "040005FF",
        "status_words",
        "电表运行状态字数据块",
        Bits(2),
        block=tuple(f"040005{number:02X}" for number in range(1, 8)),
    ),
    Row("04000601", "active_combination_word", "有功组合方式特征字", WORD, SETTABLE),
    Row("04000602", "reactive_combination_word_1", "无功组合方式1特征字", WORD, SETTABLE),
    Row("04000603", "reactive_combination_word_2", "无功组合方式2特征字", WORD, SETTABLE),
    Row("04000701", "infrared_modulated_baud", "调制型红外光口通信速率特征字", BAUD, SETTABLE),
    Row("04000702", "infrared_contact_baud", "接触式红外光口通信速率特征字", BAUD, SETTABLE),
    Row("04000703", "port_1_baud", "通信口1通信速率特征字", BAUD, SETTABLE),
    Row("04000704", "port_2_baud", "通信口2通信速率特征字", BAUD, SETTABLE),
    Row("04000705", "port_3_baud", "通信口3通信速率特征字", BAUD, SETTABLE),
    Row("04000801", "weekend_word", "周休日特征字", WORD, SETTABLE),
    Row("04000802", "weekend_day_table", "周休日采用的日时段表号", COUNT, SETTABLE),
    Row("04000901", "load_record_mode_word", "负荷记录模式字", WORD, SETTABLE),
    Row("04000902", "freeze_mode_word", "冻结数据模式字", WORD, SETTABLE),
)

SCHEDULE = (
    Row("04000A01", "load_record_start", "负荷记录起始时间", Moment("MMDDhhmm"), SETTABLE),
    *(
        Row(
            f"04000A{kind + 1:02X}",
            f"load_record_interval_{kind}",
            f"第{kind}类负荷记录间隔时间",
            Number(2, 0, MINUTE),
            SETTABLE,
        )
        for kind in range(1, 7)
    ),
    *(
        Row(f"04000B{day:02X}", f"settlement_day_{day}", f"每月第{day}结算日", Moment("DDhh"), SETTABLE)
        for day in range(1, 4)
    ),
    *(
        Row(f"04000C{level + 1:02X}", f"password_{level}", f"{level}级密码", Digits(4), Access.WRITE)
        for level in range(10)
    ),
    Row("04000E01", "forward_power_limit", "正向有功功率上限值", Number(3, 4, KW), SETTABLE),
    Row("04000E02", "reverse_power_limit", "反向有功功率上限值", Number(3, 4, KW), SETTABLE),
    Row("04000E03", "voltage_upper_limit", "电压上限值", Number(2, 1, VOLT), SETTABLE),
    Row("04000E04", "voltage_lower_limit", "电压下限值", Number(2, 1, VOLT), SETTABLE),
    *(
        row
        for table in (1, 2)
        for row in (
            Row(
                f"040{table}0000",
                f"zone_table_{table}",
                f"第{table}套时区表",
                Listed(Moment("MMDDNN")),
                SETTABLE,
            ),
            *(
                Row(
                    f"040{table}00{day:02X}",
                    f"day_table_{table}_{day}",
                    f"第{table}套第{day}日时段表",
                    Listed(Moment("hhmmNN")),
                    SETTABLE,
                )
                for day in range(1, 9)
            ),
        )
    ),
    Row("040300{holiday}", "holiday{holiday}", "第{holiday}公共假日日期及日时段表号", Moment("YYMMDDNN"), SETTABLE),
)

PARAMETERS = (*CLOCK, *IDENTITY, *STATUS, *SCHEDULE)
