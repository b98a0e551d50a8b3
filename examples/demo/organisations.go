package demo

import "github.com/shopspring/decimal"

// organisation is a customer and how it buys.
type organisation struct {
	id        string
	domain    string
	perDay    int             // orders on a working day, about
	discount  decimal.Decimal // off every paid line
	topUp     decimal.Decimal // size of its bank transfers
	renews    float64         // share of terms that are renewed
	upgrades  float64         // share of terms with an upgrade
	overseas  float64         // share of purchases abroad, in USD
	projects  []string
	groups    []string
	consumers []string
	teams     []string
	offers    []offer
}

// offer is what an organisation buys of one product.
type offer struct {
	weight  int
	product product
	largest int // index of the largest size it starts with
	modes   []weighted
	names   []string
}

type weighted struct {
	mode   string
	weight int
}

var organisations = []organisation{
	{ // short, large training runs; grows fast
		id: "org-lumen-ai", domain: "lumen-ai.example", perDay: 4, discount: percent(10), topUp: decimal.NewFromInt(200_000),
		renews: 0.35, upgrades: 0.12,
		projects: []string{"pretraining", "inference", "default"}, groups: []string{"research", "platform"},
		consumers: []string{"user-research", "user-serving", "user-data"}, teams: []string{"vision", "speech", "language"},
		offers: []offer{
			{6, gpuInstance, 3, []weighted{{"day", 7}, {"prepaid_30d", 2}, {"month", 1}}, []string{"train", "finetune", "推理服务", "多模态训练"}},
			{2, modelService, 3, []weighted{{"month", 1}}, []string{"eval-tokens", "标注模型包"}},
			{1, vectorDB, 2, []weighted{{"month", 3}, {"prepaid_30d", 1}}, []string{"embeddings", "知识库"}},
			{1, storagePack, 3, []weighted{{"month", 2}, {"year", 1}}, []string{"checkpoints", "数据集"}},
		},
	},
	{ // steady hosts by month and year, renewed nearly always
		id: "org-harvest-retail", domain: "harvest-retail.example", perDay: 2, discount: percent(5), topUp: decimal.NewFromInt(20_000),
		renews: 0.9, upgrades: 0.1,
		projects: []string{"storefront", "warehouse", "default"}, groups: []string{"电商", "门店", "供应链"},
		consumers: []string{"user-shop", "user-erp", "user-bi"}, teams: []string{"web", "erp", "bi"},
		offers: []offer{
			{6, cloudHost, 2, []weighted{{"month", 6}, {"year", 2}, {"day", 4}}, []string{"订单服务", "会员中心", "stock-api", "pos-gateway"}},
			{2, storagePack, 2, []weighted{{"month", 2}, {"year", 1}}, []string{"商品图片", "invoice-archive"}},
			{1, vectorDB, 1, []weighted{{"month", 1}}, []string{"商品搜索", "recommendation"}},
			{1, modelService, 1, []weighted{{"prepaid_30d", 1}}, []string{"客服助手"}},
		},
	},
	{ // bursts for tests and events; servers abroad are paid in dollars
		id: "org-pixelforge", domain: "pixelforge.example", perDay: 3, discount: percent(0), topUp: decimal.NewFromInt(30_000),
		renews: 0.6, upgrades: 0.2, overseas: 0.4,
		projects: []string{"arena", "puzzle", "global"}, groups: []string{"live-ops", "studio"},
		consumers: []string{"user-liveops", "user-build"}, teams: []string{"backend", "build", "qa"},
		offers: []offer{
			{7, cloudHost, 3, []weighted{{"day", 6}, {"month", 3}, {"prepaid_30d", 2}}, []string{"game-server", "match-maker", "压测机", "开服节点"}},
			{2, gpuInstance, 1, []weighted{{"day", 1}}, []string{"render", "动画渲染"}},
			{1, storagePack, 2, []weighted{{"month", 1}}, []string{"patches", "安装包"}},
		},
	},
	{ // small, many trials, yearly grants
		id: "org-lakeside-university", domain: "lakeside.example", perDay: 2, discount: percent(30), topUp: decimal.NewFromInt(10_000),
		renews: 0.5, upgrades: 0.08,
		projects: []string{"lab", "courses"}, groups: []string{"计算机学院", "物理系"},
		consumers: []string{"user-lab", "user-course", "user-library"}, teams: []string{"nlp", "astro", "teaching"},
		offers: []offer{
			{3, gpuInstance, 0, []weighted{{"day", 4}, {"trial", 1}}, []string{"课程实验", "thesis", "astro-sim"}},
			{3, cloudHost, 1, []weighted{{"month", 3}, {"year", 1}, {"trial", 1}}, []string{"教学平台", "jupyter"}},
			{1, modelService, 0, []weighted{{"month", 2}, {"trial", 2}, {"gift", 1}}, []string{"学生助手", "reading-group"}},
			{1, storagePack, 1, []weighted{{"year", 2}, {"gift", 1}}, []string{"论文库", "telescope-data"}},
		},
	},
}

func percent(n int64) decimal.Decimal { return decimal.New(n, -2) }
